"""What changed at an Ed-Fi server since the last night: a correction arrives, a deletion takes its mark, once."""

# ruff: noqa: F811 - the fixtures of another file are asked for by name

from app.core.db import db
from app.register.actions import importing
from app.register.models.import_school import ImportSchool
from tests.edfi_peer import EVENTS, EdFi
from tests.register import systems
from tests.register.edfi import (  # noqa: F401 (fixtures)
    DAYS,
    EXCUSED,
    MON,
    NORTH,
    TUE,
    UNEXCUSED,
    WED,
    done,
    peer,
    read,
)
from tests.register.test_imports import marks, notes
from tests.world import World


def test_the_next_night_asks_for_what_changed_alone(peer: EdFi) -> None:
    peer.ods.event("1001", NORTH, str(MON))
    done()
    peer.asked.clear()
    peer.ods.event("1002", NORTH, str(TUE))

    with systems.later_on(days=1):
        run = done()

    assert not run.is_window
    assert marks() == {("1001", MON, "DAY"): UNEXCUSED, ("1002", TUE, "DAY"): UNEXCUSED}
    assert all("minChangeVersion" in one and "maxChangeVersion" in one for one in peer.lists_asked(EVENTS))


def test_a_night_on_which_nothing_changed_is_a_night_that_worked(peer: EdFi) -> None:
    peer.ods.event("1001", NORTH, str(MON))
    done()
    peer.ods.version += 100_000  # others write elsewhere

    with systems.later_on(days=1):
        done()
    with systems.later_on(days=2):
        run = done()

    assert run.read_in_all == 3  # the categories, and no mark
    assert marks() == {("1001", MON, "DAY"): UNEXCUSED}


def test_a_deleted_event_takes_its_mark_with_it(peer: EdFi) -> None:
    kept = peer.ods.event("1001", NORTH, str(MON))
    peer.ods.event("1002", NORTH, str(MON))
    done()
    peer.ods.delete(kept)

    with systems.later_on(days=1):
        done()

    assert marks() == {("1002", MON, "DAY"): UNEXCUSED}


def test_an_absence_excused_later_changes_though_its_old_key_is_deleted(peer: EdFi) -> None:
    kept = peer.ods.event("1001", NORTH, str(MON))
    done()
    peer.ods.event("1001", NORTH, str(MON), EXCUSED)
    peer.ods.delete(kept)

    with systems.later_on(days=1):
        done()

    assert marks() == {("1001", MON, "DAY"): EXCUSED}


def test_a_deletion_that_comes_a_night_later_does_not_take_the_new_mark(peer: EdFi) -> None:
    kept = peer.ods.event("1001", NORTH, str(MON))
    done()
    peer.ods.event("1001", NORTH, str(MON), EXCUSED)
    with systems.later_on(days=1):
        done()
    peer.ods.version += 100_000
    peer.ods.delete(kept)

    with systems.later_on(days=2):
        done()
    with systems.later_on(days=3):
        done()

    assert marks() == {("1001", MON, "DAY"): EXCUSED}


def test_an_event_that_moved_to_another_day_leaves_the_old_one(peer: EdFi) -> None:
    kept = peer.ods.event("1001", NORTH, str(MON))
    done()
    peer.ods.move(kept, eventDate=str(TUE))

    with systems.later_on(days=1):
        done()

    assert marks() == {("1001", TUE, "DAY"): UNEXCUSED}


def test_what_is_written_while_changes_are_read_is_the_next_nights(peer: EdFi) -> None:
    peer.ods.event("1001", NORTH, str(MON))
    done()
    peer.before[len(peer.asked) + 4] = lambda: peer.ods.event("1003", NORTH, str(WED))

    with systems.later_on(days=1):
        done()
    assert ("1003", WED, "DAY") not in marks()
    with systems.later_on(days=2):
        done()

    assert ("1003", WED, "DAY") in marks()


def test_versions_that_were_being_written_are_asked_for_again(peer: EdFi) -> None:
    """A version is taken when a write begins, and seen when it ends: the newest may be older than one to come."""
    peer.ods.event("1001", NORTH, str(MON))
    slow = peer.ods.event("1002", NORTH, str(TUE))
    peer.ods.resources[EVENTS].remove(slow)
    done()
    peer.ods.resources[EVENTS].append(slow)

    with systems.later_on(days=1):
        done()

    assert ("1002", TUE, "DAY") in marks()


def test_each_week_everything_is_read_again(peer: EdFi) -> None:
    kept = peer.ods.event("1001", NORTH, str(MON))
    peer.ods.event("1002", NORTH, str(MON))
    done()
    peer.ods.resources[EVENTS].remove(kept)  # without a trace

    with systems.later_on(days=1):
        assert not done().is_whole
    with systems.later_on(days=7):
        assert done().is_whole

    assert marks() == {("1002", MON, "DAY"): UNEXCUSED}


def test_a_server_that_tells_no_changes_is_read_by_windows(peer: EdFi) -> None:
    peer.tells_changes = False
    kept = peer.ods.event("1001", NORTH, str(MON))
    peer.ods.event("1002", NORTH, str(MON))
    done()
    peer.ods.resources[EVENTS].remove(kept)

    with systems.later_on(days=1):
        run = done()

    assert run.is_window
    assert not run.is_whole
    assert marks() == {("1002", MON, "DAY"): UNEXCUSED}


def test_deletions_without_keys_have_everything_read_next_time(peer: EdFi) -> None:
    kept = peer.ods.event("1001", NORTH, str(MON))
    peer.ods.event("1002", NORTH, str(MON))
    done()
    peer.ods.delete(kept)
    peer.tells_keys = False

    with systems.later_on(days=1):
        assert "does not say whose" in notes(done())
    with systems.later_on(days=2):
        run = done()

    assert run.is_window
    assert marks() == {("1002", MON, "DAY"): UNEXCUSED}


def test_a_school_that_was_left_as_it_was_is_told_of_again(peer: EdFi, world: World) -> None:
    for student in range(1, 6):
        for day in DAYS[:4]:
            peer.ods.event(f"100{student}", NORTH, day)
    done()
    for kept in list(peer.ods.resources[EVENTS])[:12]:
        peer.ods.delete(kept)
    peer.ods.version += 100_000

    with systems.later_on(days=1):
        run = read(apply=False)
        assert [one.asks for one in ImportSchool.of(run.id)] == ["gone"]
        importing.approve(run)
        db.session.commit()
        systems.go_on(run.id)
        assert len(marks()) == 20
    with systems.later_on(days=2):
        run = read(apply=False)
        importing.approve(run, schools=[world.maple.schools["North"]])
        db.session.commit()
        systems.go_on(run.id)

    assert len(marks()) == 8
