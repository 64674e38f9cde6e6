"""The operator's commands."""

import dataclasses

from flask import Flask
from sqlalchemy import update

from app.core import across_districts, audit
from app.core.audit import AuditEntry
from app.core.crypto import seal, unseal
from app.core.db import db, uuid7
from app.core.directory import forget_directory
from app.core.settings import Settings, get_settings, use_settings
from app.core.tenancy import as_district
from tests.cluster import TestDatabase
from tests.world import World


def run(app: Flask, *words: str):
    return app.test_cli_runner().invoke(args=list(words))


def test_check_prints_every_setting_and_no_secret(app: Flask) -> None:
    settings = get_settings()

    said = run(app, "check").output

    assert "FRONTOFFICE_BASE_URL" in said
    assert settings.cookie_secret not in said
    assert settings.database_owner_url not in said


def test_check_says_that_the_database_is_as_new_as_the_code(app: Flask) -> None:
    checked = run(app, "check")

    assert checked.exit_code == 0, checked.output
    assert "as new as the code" in checked.output


def test_check_says_when_the_database_does_not_answer(app: Flask) -> None:
    nowhere = "postgresql+psycopg://across@127.0.0.1:1/nowhere"
    use_settings(dataclasses.replace(get_settings(), database_across_url=nowhere))
    app.extensions.pop("across_engine", None)

    checked = run(app, "check")

    app.extensions.pop("across_engine", None)
    assert checked.exit_code == 1
    assert "does not answer" in checked.output
    assert nowhere not in checked.output


def test_keys_are_rotated_and_what_is_sealed_still_opens(app: Flask, world: World) -> None:
    place = {"table": "people", "row_id": uuid7(), "column": "secret"}
    with app.app_context(), as_district(world.maple.id):
        sealed = seal("a secret", **place)
    old = get_settings()
    use_settings(dataclasses.replace(old, master_keys=(("newer", b"n" * 32), *old.master_keys)))

    rotated = run(app, "rotate-keys")

    assert "2 data keys are now wrapped under “newer”" in rotated.output
    use_settings(dataclasses.replace(old, master_keys=(("newer", b"n" * 32),)))
    with app.app_context():
        forget_directory()
        with as_district(world.maple.id):
            assert unseal(sealed, **place) == "a secret"


def test_a_fresh_key_can_be_put_into_the_ring(app: Flask) -> None:
    from app.core.settings import _keys

    ring = _keys(run(app, "new-key").output.strip())

    assert len(ring[0][1]) == 32


def test_the_audit_log_is_verified_and_its_tail_named(app: Flask, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        sealed = audit.seal_entries()
        db.session.commit()
        audit.noted("looked", "people", None)
        db.session.commit()

    verified = run(app, "audit", "verify", "maple")

    assert verified.exit_code == 0, verified.output
    assert f"maple: 1 seals over {sealed} entries hold; 1 entries are not sealed yet." in verified.output


def test_a_changed_entry_is_found(app: Flask, world: World, database: TestDatabase) -> None:
    with app.app_context(), as_district(world.maple.id):
        audit.seal_entries()
        db.session.commit()
    with database.connect() as connection:
        connection.execute(
            "update audit_entries set did = 'nothing' where district_id = %s", [world.maple.id]
        )

    verified = run(app, "audit", "verify")

    assert verified.exit_code == 1
    assert "maple: seal 1 does not match its entries" in verified.output


def test_an_unknown_district_has_no_log(app: Flask, world: World) -> None:
    verified = run(app, "audit", "verify", "oak")

    assert verified.exit_code == 1
    assert "no district “oak”" in verified.output


def test_nobody_can_change_an_entry_from_the_commands_own_road(app: Flask, world: World) -> None:
    import pytest
    from sqlalchemy.exc import ProgrammingError

    with (
        app.app_context(),
        pytest.raises(ProgrammingError, match="permission denied"),
        across_districts.session() as across,
    ):
        across.execute(update(AuditEntry).values(did="nothing"))


def test_migrations_are_run_by_a_command_and_twice_is_fine(app: Flask) -> None:
    for _ in range(2):
        result = run(app, "migrate")

        assert result.exit_code == 0, result.output
        assert "as new as the code" in result.output


def test_migrations_ask_for_the_role_that_may(app: Flask, settings: Settings) -> None:
    use_settings(dataclasses.replace(settings, database_owner_url=""))

    result = run(app, "migrate")

    assert result.exit_code == 1
    assert "FRONTOFFICE_DATABASE_OWNER_URL" in result.output


def test_migrations_that_fail_say_why(app: Flask, settings: Settings) -> None:
    nowhere = "postgresql+psycopg://owner@/nowhere?host=/nowhere"
    use_settings(dataclasses.replace(settings, database_owner_url=nowhere))

    result = run(app, "migrate")

    assert result.exit_code == 1
    assert "The migrations did not run" in result.output
    assert "Traceback" not in result.output
