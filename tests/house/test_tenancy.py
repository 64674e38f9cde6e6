"""The walls stand around every table, and nobody has to remember them."""

from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from app.core.db import Base
from app.core.directory import UNOWNED
from app.core.settings import get_settings
from app.core.tenancy import DistrictOwned
from app.migrations.run import differences


@pytest.fixture
def as_role(app):
    def connect(role):
        url = getattr(get_settings(), {"app": "database_url", "owner": "database_owner_url"}[role])
        return create_engine(url, poolclass=NullPool).connect()

    return connect


def owned_tables():
    models: Iterable[Any] = (mapper.class_ for mapper in Base.registry.mappers)
    return sorted(model.__tablename__ for model in models if issubclass(model, DistrictOwned))


def test_a_table_is_owned_or_on_the_short_list(app):
    assert set(Base.metadata.tables) - set(owned_tables()) == UNOWNED


def test_row_level_security_is_forced_on_every_owned_table(app, as_role):
    with as_role("owner") as connection:
        forced = {
            name
            for name, enabled, force in connection.execute(
                text("select relname, relrowsecurity, relforcerowsecurity from pg_class where relkind = 'r'")
            )
            if enabled and force
        }
        policies = {
            tuple(row) for row in connection.execute(text("select tablename, policyname from pg_policies"))
        }

    assert forced == set(owned_tables())
    for table in owned_tables():
        assert (table, "this_district") in policies
        assert (table, "all_districts") in policies


def test_role_app_sees_nothing_while_no_district_is_set(app, world, as_role):
    with as_role("app") as connection:
        for table in owned_tables():
            assert connection.scalar(text(f"select count(*) from {table}")) == 0, table


def test_role_app_owns_nothing_and_is_nobody_special(app, as_role):
    with as_role("app") as connection:
        special = connection.execute(
            text("select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user")
        ).one()
        owns = connection.scalar(
            text(
                "select count(*) from pg_class where relowner = (select oid from pg_roles where rolname = 'app')"
            )
        )

    assert tuple(special) == (False, False, False)
    assert owns == 0


def test_every_foreign_key_between_owned_tables_is_composite(app):
    owned = set(owned_tables())
    for name in owned:
        for key in Base.metadata.tables[name].foreign_key_constraints:
            if key.referred_table.name in owned:
                assert "district_id" in key.column_keys, f"{name}.{key.column_keys}"
                assert next(element.column.name for element in key.elements) == "district_id", name


def test_every_owned_table_is_led_to_its_district_by_keys_that_are_never_null(app):
    leads = {name: _tables_that_must_be_there(name) for name in owned_tables()}
    led = {name for name, tables in leads.items() if "districts" in tables}
    while more := {name for name, tables in leads.items() if tables & led} - led:
        led |= more

    assert led == set(leads)


def _tables_that_must_be_there(name):
    return {
        key.referred_table.name
        for key in Base.metadata.tables[name].foreign_key_constraints
        if "district_id" in key.column_keys and not any(column.nullable for column in key.columns)
    }


def test_the_models_and_the_migrated_database_agree(app):
    assert differences(get_settings().database_owner_url) == []


def test_the_audit_log_cannot_be_rewritten_by_role_app(app, as_role):
    with as_role("app") as connection:
        for table in ("audit_entries", "audit_seals"):
            for right in ("update", "delete"):
                granted = text("select has_table_privilege(current_user, :table, :right)")
                assert connection.scalar(granted, {"table": table, "right": right}) is False
