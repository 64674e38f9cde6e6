"""Some jobs do several pieces of work in one transaction. Whatever goes wrong, each is then done as if alone."""

import logging
from collections import Counter
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core import queue
from app.core.audit import AuditEntry
from app.core.db import db, uuid7
from app.core.logs import because_of_request, request_id
from app.core.queue import later
from app.core.tenancy import as_district
from jobs import HANDFUL, run_work
from tests.jobs import trial
from tests.jobs.conftest import let_the_lease_run_out


def given(district_id: UUID, count: int) -> list[UUID]:
    """Pieces of work about as many subjects, committed."""
    job = f"{trial.__name__}.{trial.mark_alone.__name__}"
    with as_district(district_id):
        works = [later(job, uuid7()) for _ in range(count)]
        db.session.commit()
    return works


def marked(district_id: UUID) -> tuple[Counter[str], int]:
    """How they were done, and in how many transactions."""
    with as_district(district_id):
        question = select(AuditEntry.what, AuditEntry.transaction).where(AuditEntry.did == "marked")
        found = db.session.execute(question).all()
    return Counter(what for what, _ in found), len({transaction for _, transaction in found})


def left(district_id: UUID) -> int:
    with as_district(district_id):
        return len(db.session.scalars(select(queue.Work.id)).all())


def test_a_handful_is_one_transaction_and_what_is_left_of_it_is_done_alone(maple: UUID) -> None:
    works = given(maple, 5)

    run_work(str(maple), str(works[0]))

    assert marked(maple) == (Counter(together=4, alone=1), 2)
    assert left(maple) == 0


def test_a_handful_that_fails_leaves_no_trace_and_each_is_done_alone(
    maple: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    works = given(maple, 7)

    run_work(str(maple), str(works[0]))

    assert marked(maple) == (Counter(alone=7), 7)
    assert left(maple) == 0
    assert trial.SECRET not in caplog.text


def test_one_by_itself_is_done_alone(maple: UUID) -> None:
    (work,) = given(maple, 1)

    run_work(str(maple), str(work))

    assert marked(maple) == (Counter(alone=1), 1)


def test_what_was_tried_before_is_done_alone_and_takes_no_other_along(maple: UUID) -> None:
    works = given(maple, 4)
    with as_district(maple):
        assert queue.claim(works[0])
    let_the_lease_run_out(works[0])

    run_work(str(maple), str(works[0]))

    assert marked(maple)[0] == Counter(alone=4), "one that was tried, and three after it"


def test_work_that_another_took_meanwhile_undoes_the_whole_handful(
    maple: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = given(maple, 5)
    claim_more = queue.claim_more

    def and_lose_one(like: queue.Claim, *, limit: int) -> object:
        found = claim_more(like, limit=limit)
        let_the_lease_run_out(found[0].work_id)
        with as_district(maple):
            assert queue.claim(found[0].work_id)
        return found

    monkeypatch.setattr(queue, "claim_more", and_lose_one)

    run_work(str(maple), str(works[0]))

    assert marked(maple)[0] == Counter(alone=4)
    assert left(maple) == 1, "the other's"


def test_a_backlog_takes_one_transaction_a_handful(maple: UUID) -> None:
    works = given(maple, HANDFUL + 1)

    run_work(str(maple), str(works[0]))

    assert marked(maple) == (Counter(together=HANDFUL, alone=1), 2)


def test_each_keeps_the_request_behind_it(maple: UUID, caplog: pytest.LogCaptureFixture) -> None:
    works = []
    for request in ("11111111aaaaaaaa", "22222222bbbbbbbb", "33333333cccccccc"):
        with because_of_request(request):
            works += given(maple, 1)
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "mark_alone" in record.getMessage():
                said.append(request_id())

    listener = Listener()
    logging.getLogger("frontoffice.jobs").addHandler(listener)
    try:
        with caplog.at_level(logging.INFO):
            run_work(str(maple), str(works[0]))
    finally:
        logging.getLogger("frontoffice.jobs").removeHandler(listener)

    assert sorted(said) == ["11111111aaaaaaaa", "22222222bbbbbbbb", "33333333cccccccc"]
