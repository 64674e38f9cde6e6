"""A table as a CSV file that a spreadsheet opens without taking a name for a formula (OWASP, CSV injection)."""

import csv
import io
from collections.abc import Iterable
from typing import Any, Final

from flask import Response

#: What a spreadsheet would take for a formula.
FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")


def no_formula(value: str) -> str:
    """The same as text in every spreadsheet. Of numbers, which may begin with a minus, ask nothing."""
    return f"'{value}" if value.startswith(FORMULAS) else value


def csv_file(name: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> Response:
    """To be saved under that name. Text is guarded, numbers are as they are; None is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([no_formula(cell) if isinstance(cell, str) else cell for cell in row])
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return Response(out.getvalue(), mimetype="text/csv", headers=headers)
