"""Two sources of one roster: the file of a student information system, set up first, and one that is asked."""

from typing import Any

import pytest

from app.core.db import db
from app.core.feed import FedGuardian, FedStudent
from app.roster.actions import importing
from app.roster.models.roster_import import RosterImport
from tests.roster.exports import Member
from tests.roster.sources import MadeUp, asked, connected, person, school

ADA = Member("u1", "Ada", "Quill", "ada@maple.example")
KIM = Member("k1", "Kim", "Quill", "", role="student", number="N1", grades="04", relatives="p1")
ANA = Member("p1", "Ana", "Quill", "ana@home.example", role="parent", mobile="312 555 0101", relatives="k1")


class Other:
    """The second source: what it answers, beside somebody of the staff, and a sync of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._source = MadeUp([[]])
        connected(monkeypatch, self._source, families=True)

    def says(self, *items: Any, apply: bool = True) -> RosterImport:
        self._source.answers[:] = [[school(), person(9), *items]]
        run = asked()
        if run.state != "ready" or not apply:
            return run
        run_id = run.id
        importing.approve(run, removals=True)
        db.session.commit()
        importing.advance(run_id)
        found = RosterImport.find(run_id)
        assert found is not None
        assert found.state == "done"
        return found


def ada(**changes: Any) -> Any:
    told = {"given_name": "Ada", "family_name": "Quill", "email": "ada@maple.example", "school_key": ""}
    return person(1, **{**told, **changes})


def kim(**changes: Any) -> FedStudent:
    told: dict[str, Any] = {
        "file": "users",
        "line": 1,
        "key": "x1",
        "given_name": "Kim",
        "family_name": "Quill",
        "number": "N1",
        "grade": "04",
        "school_key": "",
        "active": True,
        "relatives": ("y1",),
    }
    return FedStudent(**{**told, **changes})


def ana(**changes: Any) -> FedGuardian:
    told: dict[str, Any] = {
        "file": "users",
        "line": 2,
        "key": "y1",
        "given_name": "Ana",
        "family_name": "Quill",
        "role": "parent",
        "master": "",
        "email": "ana@home.example",
        "mobile": "",
        "phone": "",
        "school_key": "",
        "active": True,
        "relatives": ("x1",),
    }
    return FedGuardian(**{**told, **changes})
