"""A backlog is taken in handfuls: many claimed at once, each done alone, nothing kept from others for long."""

from uuid import UUID

import pytest
from redis import Redis
from rq import Queue
from sqlalchemy import event

import jobs
from app.core import presence, queue
from app.core.db import db
from app.core.doorbell import Doorbell
from app.core.tenancy import as_district
from jobs import HANDFUL, run_work
from jobs.sweeper import take_over
from tests.jobs import trial
from tests.jobs.conftest import given, marks, row


def run(district_id: UUID, work_id: UUID) -> None:
    run_work(str(district_id), str(work_id))


def waiting(redis_url: str) -> list[str]:
    with Redis.from_url(redis_url) as connection:
        return [id for name in queue.QUEUES for id in Queue(name, connection=connection).job_ids]


def test_one_bell_brings_a_handful_and_takes_down_its_bells(
    maple: UUID, bell: Doorbell, redis_url: str
) -> None:
    works = [given(maple) for _ in range(HANDFUL + 3)]

    run(maple, works[0])

    assert marks(maple) == HANDFUL + 1
    assert waiting(redis_url) == [str(works[0]), *map(str, works[-2:])]


def test_it_takes_work_of_the_same_kind_and_district_alone(maple: UUID, birch: UUID) -> None:
    others = [given(maple, trial.mark_slowly), given(birch)]

    run(maple, given(maple))

    assert (marks(maple), marks(birch)) == (1, 0)
    assert [row(district, work).attempts for district, work in zip((maple, birch), others, strict=True)] == [
        0,
        0,
    ]


def test_one_that_fails_leaves_the_others_whole(maple: UUID) -> None:
    first = given(maple, trial.stumble)
    given(maple, trial.stumble)

    run(maple, first)

    assert marks(maple) == 0
    with as_district(maple):
        assert [work.attempts for work in db.session.query(queue.Work)] == [1, 1]


def test_each_is_committed_alone(maple: UUID) -> None:
    works = [given(maple) for _ in range(3)]
    commits: list[object] = []

    def count(connection: object) -> None:
        commits.append(connection)

    with as_district(maple):
        event.listen(db.engine, "commit", count)
    try:
        run(maple, works[0])
    finally:
        with as_district(maple):
            event.remove(db.engine, "commit", count)

    assert len(commits) == 5, "two claims, three pieces of work"


def test_what_it_has_no_time_for_it_gives_back_at_once(
    maple: UUID, bell: Doorbell, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = [given(maple, trial.mark_slowly) for _ in range(3)]
    monkeypatch.setenv("TRIAL_SECONDS", "0.4")
    monkeypatch.setattr(jobs, "LONGEST_HANDFUL", 0.6)

    run(maple, works[0])

    assert marks(maple) == 2
    left = row(maple, works[2])
    assert left is not None
    assert (left.lease_until, left.holder, left.attempts) == (None, None, 0)
    assert str(works[2]) in waiting(redis_url)


def test_what_was_in_the_hand_of_the_dead_is_rung_for(maple: UUID, bell: Doorbell, redis_url: str) -> None:
    works = [given(maple) for _ in range(3)]
    with as_district(maple):
        first = queue.claim(works[0])
        assert first is not None
        assert [one.work_id for one in queue.claim_more(first, limit=HANDFUL)] == works[1:]
        presence.leave()
    with Redis.from_url(redis_url) as connection:
        connection.flushall()

    take_over()

    assert sorted(waiting(redis_url)) == sorted(map(str, works))


def test_what_may_have_killed_its_worker_takes_no_other_work_along(maple: UUID) -> None:
    suspect, other = given(maple), given(maple)
    with as_district(maple):
        assert queue.claim(suspect)
        presence.leave()
        first = queue.claim(other)
        assert first is not None

        assert queue.claim_more(first, limit=HANDFUL) == []
