"""`flask check`: each thing that a deployment needs, taken away."""

import base64
import dataclasses
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, update

from app.cli import check
from app.core import across_districts, alarms, clock, readings
from app.core.directory import forget_directory
from app.core.readings import Found, Heartbeat
from app.core.settings import get_settings, use_settings
from jobs.watch import look
from tests.cluster import TestDatabase
from tests.integrations import mail_server
from tests.integrations.mail_server import HOST, Peer
from tests.test_cli import run
from tests.world import World


def found(app: Flask, name: str, *words: str) -> list[tuple[str, str]]:
    ended = run(app, "check", "--json", *words)
    said = json.loads(ended.output)
    assert said["well"] is (ended.exit_code == 0)
    assert said["well"] is all(one["verdict"] != "fail" for one in said["findings"])
    return [(one["verdict"], one["sentence"]) for one in said["findings"] if one["name"] == name]


def with_settings(**changed: Any) -> None:
    use_settings(dataclasses.replace(get_settings(), **changed))


@pytest.fixture
def changed(database: TestDatabase) -> Iterator[Any]:
    """Change the database by hand, and take that back afterwards."""
    undo: list[str] = []

    def change(do: str, back: str) -> None:
        undo.append(back)
        with database.connect() as connection:
            connection.execute(do)

    yield change
    with database.connect() as connection:
        for back in undo:
            connection.execute(back)


def test_a_deployment_that_is_well_has_nothing_that_failed(app: Flask, world: World) -> None:
    with app.app_context():
        with across_districts.session() as across:
            for process in check.STARTED_BY_EVERYBODY:
                readings.beat(across, process)
        look(across_districts.session)

    ended = run(app, "check")

    assert ended.exit_code == 0, ended.output
    lines = [line for line in ended.output.splitlines() if not line.startswith(("FRONTOFFICE_", " "))]
    assert {line.split()[1] for line in lines if line} == {*check.LOOKS, "relay"}
    assert [line for line in lines if line.startswith("warn")] == [
        "warn  redis        There is no Redis: the sweeper does the work, slower."
    ]


def test_what_warns_says_what_to_do(app: Flask) -> None:
    said = run(app, "check").output

    assert "→ Set REDIS_URL." in said
    assert "No timetable has been seen yet." in said


def test_a_database_that_is_older_than_the_code(app: Flask, changed: Any) -> None:
    stands_at = "update alembic_version set version_num = '{}'"
    changed(stands_at.format("0001"), stands_at.format(check.newest()))

    assert found(app, "migrations")[0][0] == "fail"


def test_without_the_owner_the_number_alone_is_asked(app: Flask) -> None:
    with_settings(database_owner_url="")

    assert found(app, "migrations") == [("ok", "The database is as new as the code.")]


def test_a_table_whose_wall_fell(app: Flask, changed: Any) -> None:
    changed("alter table tickets no force row level security", "alter table tickets force row level security")

    assert ("fail", "Row-level security is not forced on tickets.") in found(app, "walls")


def test_a_role_that_may_pass_every_wall(app: Flask, changed: Any) -> None:
    changed("alter role app bypassrls", "alter role app nobypassrls")

    assert ("fail", "Role app owns tables or may pass every wall.") in found(app, "walls")


def test_an_address_that_signs_in_as_somebody_else(app: Flask) -> None:
    with_settings(database_across_url=get_settings().database_owner_url)
    app.extensions.pop("across_engine", None)

    said = found(app, "walls")

    app.extensions.pop("across_engine", None)
    assert ("fail", "The address of role across signs in as owner.") in said


def test_a_clock_that_is_off(app: Flask) -> None:
    for seconds, verdict in ((0, "ok"), (10, "warn"), (60, "fail")):
        with clock.frozen(clock.now() + timedelta(seconds=seconds)):
            assert found(app, "clock")[0][0] == verdict


def test_a_master_key_that_is_missing(app: Flask, world: World) -> None:
    with_settings(master_keys=(("other", base64.b64decode("b" * 43 + "=")),))
    forget = app.app_context
    with forget():
        forget_directory()

    said = found(app, "keys")

    assert [verdict for verdict, _ in said].count("fail") == 2
    assert said[0][1].startswith("birch: ") or said[0][1].startswith("maple: ")


def test_data_keys_under_an_older_master_key(app: Flask, world: World) -> None:
    with_settings(master_keys=(("newer", b"n" * 32), *get_settings().master_keys))

    assert ("warn", "2 data keys are wrapped under an older master key.") in found(app, "keys")


def test_storage_that_cannot_be_written(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "files").write_text("no folder")
    with_settings(instance=tmp_path)

    assert found(app, "storage")[0][0] == "fail"


def test_secrets_by_their_dates(app: Flask) -> None:
    today = clock.now().date()
    days = {"old": -1, "soon": 10, "later": 90}
    with_settings(secrets_expire=tuple((name, today + timedelta(days=n)) for name, n in days.items()))

    assert found(app, "secrets") == [
        ("fail", "“old” ran out 1 days ago."),
        ("warn", "“soon” runs out in 10 days."),
        ("ok", "“later” runs out in 90 days."),
    ]


def test_a_disk_that_fills_up(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, verdict in ((0.5, "ok"), (0.09, "warn"), (0.02, "fail")):
        monkeypatch.setattr(check, "free_ratio", lambda _, free=free: free)
        assert found(app, "disk")[0][0] == verdict


def test_a_process_that_fell_silent(app: Flask) -> None:
    with app.app_context(), across_districts.session() as across:
        across.execute(insert(Heartbeat).values(process="mail door", at=clock.ago(minutes=6)))

    verdict, said = found(app, "processes")[-1]
    assert verdict == "fail"
    assert said.startswith("The mail door was seen 36")


def test_alarms_that_are_on_and_a_watch_that_stands_still(app: Flask) -> None:
    with app.app_context(), across_districts.session() as across:
        alarms.evaluate(across, {"work_failed": [Found(2, "maple")]})
        readings.keep(across, {"work_failed": [Found(2, "maple")]})
        across.execute(update(readings.Reading).values(at=clock.ago(minutes=6)))

    assert found(app, "alarms") == [
        ("warn", "maple: 2 pieces of work failed for good."),
        ("fail", "Nothing has been measured for more than five minutes."),
    ]


@pytest.fixture
def peer(app: Flask) -> Iterator[Peer]:
    peer = Peer()
    server = mail_server.start(peer)
    with_settings(
        smtp_relay_host=HOST,
        smtp_relay_port=server.port,
        smtp_relay_security="none",
        operator_contact="night@prairie.example",
        egress_private_allowed=frozenset({f"{HOST}:{server.port}"}),
    )
    yield peer
    server.stop(no_assert=True)


def test_the_relay_is_tried_when_somebody_asks(app: Flask, peer: Peer) -> None:
    assert found(app, "relay") == [("ok", "The relay was not tried; --send-test does.")]
    assert peer.got == []
    assert found(app, "relay", "--send-test") == [("ok", "The relay took a test for the operator.")]
    assert [to for _, to, _ in peer.got] == [["night@prairie.example"]]


def test_a_relay_that_refuses(app: Flask, peer: Peer) -> None:
    peer.answers_data = "554 5.7.1 No, Nora Bell"

    said = found(app, "relay", "--send-test")

    assert said[0][0] == "fail"
    assert "Nora" not in said[0][1]


def test_one_thing_that_breaks_does_not_hide_the_others(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> None:
        raise ValueError("about Nora Bell")

    monkeypatch.setitem(check.LOOKS, "redis", breaks)

    assert found(app, "redis") == [("fail", "It could not be looked at (ValueError).")]
    assert found(app, "storage")[0][0] == "ok"


def test_a_proxy_that_nobody_counted_is_asked_about(app: Flask) -> None:
    with_settings(base_url="https://desk.example.org", proxies=0)
    ((verdict, sentence),) = found(app, "proxies")
    assert (verdict, "nobody can sign in" in sentence) == ("warn", True)

    with_settings(proxies=1)
    assert found(app, "proxies") == [("ok", "Proxies in a row that are believed: 1.")]
