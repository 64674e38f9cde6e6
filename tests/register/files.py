"""Files of the set, as a school system writes them."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable
from datetime import date
from typing import Any

HEADS = {
    "marks": "student_id,school_id,date,slot,code,minutes_missed,reason_text,sis_record_id",
    "calendar": "school_id,track,date,is_school_day,minutes_scheduled,sessions,note",
    "codes": "school_id,code,description,kind,excuse,flags,valid_from,valid_to",
    "enrollments": "student_id,school_id,track,entry_date,exit_date,exit_reason,is_primary",
}


def a_file(name: str, rows: Iterable[Iterable[object]], *, head: str | None = None) -> bytes:
    """One CSV file of the set; rows may be shorter than its head."""
    columns = (head or HEADS[name]).split(",")
    lines = [",".join([*map(str, row), *[""] * (len(columns) - len(list(row)))]) for row in map(list, rows)]
    return ("\r\n".join([",".join(columns), *lines]) + "\r\n").encode()


def a_set(
    *, first: date | None = None, last: date | None = None, mode: str = "window", **files: Any
) -> bytes:
    """A zip of files (name → rows, or its bytes), with a manifest if the days are given."""
    whole = {name: rows if isinstance(rows, bytes) else a_file(name, rows) for name, rows in files.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in whole.items():
            zipped.writestr(f"{name}.csv", content)
        if first or mode != "window":
            told = [
                {
                    "file": f"{name}.csv",
                    "rows": content.count(b"\r\n") - 1,
                    "sha256": hashlib.sha256(content).hexdigest(),
                    **(
                        {"mode": mode, "window_from": _iso(first), "window_to": _iso(last)}
                        if name == "marks"
                        else {}
                    ),
                }
                for name, content in whole.items()
            ]
            zipped.writestr("manifest.json", json.dumps({"files": told}))
    return out.getvalue()


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
