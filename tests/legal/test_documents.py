import dataclasses
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from app.core import clock, settings
from app.legal.models import document as documents
from app.legal.models.document import BOTH, DISTRICT, DOCUMENTS, PRODUCT, TEXTS, document

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)

Approve = Callable[..., None]


@pytest.fixture
def approve(app: object, tmp_path: Path) -> Approve:
    settings.use_settings(dataclasses.replace(settings.get_settings(), instance=tmp_path))

    def write(text: str = "", **changed: object) -> None:
        found = document("privacy", DISTRICT)
        assert found is not None
        row = {
            "document": '"privacy"',
            "audience": '"district"',
            "version": 1,
            "sha256": f'"{found.sha256}"',
            "by": '"Ada Counsel, Counsel & Sons"',
            "on": "2027-01-05",
            "effective": "2027-02-05",
        } | changed
        lines = [f"{name} = {value}" for name, value in row.items() if value is not None]
        (tmp_path / "legal-approvals.toml").write_text(text or "\n".join(["[[approval]]", *lines]))
        documents._read = None

    return write


def approved_privacy() -> bool:
    found = document("privacy", DISTRICT)
    assert found is not None
    with clock.frozen(NOON):
        return found.approval is not None


def test_every_text_has_its_record_and_every_record_its_text() -> None:
    assert {one._file for one in DOCUMENTS} == {path.name for path in TEXTS.iterdir()}
    assert {one.audience for one in DOCUMENTS} == {PRODUCT, DISTRICT, BOTH}


def test_an_approval_ends_the_draft(approve: Approve) -> None:
    assert not approved_privacy()

    approve()

    assert approved_privacy()
    found = document("privacy", DISTRICT)
    assert found is not None
    with clock.frozen(NOON):
        assert found.approval is not None
        assert found.approval.effective == date(2027, 2, 5)


@pytest.mark.parametrize(
    "changed",
    [
        {"sha256": '"' + "0" * 64 + '"'},
        {"version": 2},
        {"audience": '"product"'},
        {"document": '"terms"'},
        {"effective": "2027-03-02"},  # tomorrow
        {"effective": "2027-01-04"},  # before it was approved
        {"by": '" "'},
        {"by": None},
        {"on": '"2027-01-05"'},
        {"on": "2027-01-05T10:00:00Z"},
        {"version": '"one"'},
        {"text": "this is no TOML ["},
        {"text": "approval = 3"},
    ],
)
def test_nothing_less_than_counsels_own_record_ends_it(approve: Approve, changed: dict[str, str]) -> None:
    approve(**changed)

    assert not approved_privacy()


def test_a_text_touched_after_its_approval_is_a_draft_again(
    approve: Approve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    approve()
    found = document("privacy", DISTRICT)
    assert found is not None
    (tmp_path / found._file).write_bytes((TEXTS / found._file).read_bytes() + b" ")
    monkeypatch.setattr(documents, "TEXTS", tmp_path)
    found.__dict__.pop("sha256", None)

    assert not approved_privacy()

    found.__dict__.pop("sha256", None)


def test_the_newest_approved_version_is_shown_before_a_newer_draft(
    approve: Approve, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = document("privacy", DISTRICT)
    assert older is not None
    newer = documents.Document("privacy", DISTRICT, 2, "Privacy")
    monkeypatch.setattr(documents, "DOCUMENTS", (newer, *DOCUMENTS))
    newer.__dict__["sha256"] = "1" * 64

    assert document("privacy", DISTRICT) is newer

    approve(sha256=f'"{older.sha256}"')

    with clock.frozen(NOON):
        assert document("privacy", DISTRICT) is older
