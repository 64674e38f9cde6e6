"""/legal/subprocessors, for people and for programs: the registry of outside services and nothing beside it."""

import csv
import io
import json

from flask import Response, make_response
from flask.typing import ResponseReturnValue

from app.core.room import Doors
from app.legal.models.outside import lines
from app.legal.views.reading import read
from app.web.guard import anyone

doors = Doors()


@doors.get("/legal/subprocessors")
@anyone
def index() -> ResponseReturnValue:
    return read("subprocessors", services=lines())


@doors.get("/legal/subprocessors.json")
@anyone
def as_json() -> Response:
    text = json.dumps({"services": [line.as_plain() for line in lines()]}, ensure_ascii=False, indent=1)
    return make_response(text, {"Content-Type": "application/json; charset=utf-8"})


@doors.get("/legal/subprocessors.csv")
@anyone
def as_csv() -> Response:
    rows = [line.as_plain() for line in lines()]
    out = io.StringIO()
    table = csv.DictWriter(out, fieldnames=list(rows[0]))
    table.writeheader()
    table.writerows(row | {"hosts": " ".join(row["hosts"])} for row in rows)
    return make_response(
        out.getvalue(),
        {
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": "attachment; filename=subprocessors.csv",
        },
    )
