import pytest
from flask import Flask
from sqlalchemy import select

from app.core import services
from app.core.actor import SYSTEM
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.egress import smtp
from app.core.services import (
    DISTRICT_RELAY,
    HTMX_CDN,
    OPERATOR_RELAY,
    SERVICES,
    OutsideRefused,
    ServiceSwitch,
    is_on,
    turn,
)
from app.core.tenancy import as_district
from tests.world import World


def test_everything_a_district_may_turn_on_starts_off(app: Flask, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        assert not any(is_on(one.key) for one in SERVICES if one.turned_on_by is services.Hand.DISTRICT)
        with pytest.raises(OutsideRefused, match=r"not turned on\. A district admin can turn it on"):
            smtp(DISTRICT_RELAY, "smtp.maple.example", 587)


def test_a_switch_is_one_districts_alone(app: Flask, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        turn(DISTRICT_RELAY, True, by=SYSTEM, host="SMTP.Maple.Example.")
        db.session.commit()
        assert services.hosts_in_use(DISTRICT_RELAY) == ("smtp.maple.example",)
    with app.app_context(), as_district(world.birch.id):
        assert not is_on(DISTRICT_RELAY)
    with app.app_context():
        assert not is_on(DISTRICT_RELAY)


def test_a_district_calls_the_host_it_named_and_no_other(app: Flask, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        turn(DISTRICT_RELAY, True, by=SYSTEM, host="smtp.maple.example")

        with pytest.raises(OutsideRefused, match=r"smtp\.other\.example is not a host of"):
            smtp(DISTRICT_RELAY, "smtp.other.example", 587)


def test_off_takes_effect_at_once_and_keeps_the_host(app: Flask, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        turn(DISTRICT_RELAY, True, by=SYSTEM, host="smtp.maple.example")
        turn(DISTRICT_RELAY, False, by=SYSTEM)
        assert not is_on(DISTRICT_RELAY)

        turn(DISTRICT_RELAY, True, by=SYSTEM)
        assert services.hosts_in_use(DISTRICT_RELAY) == ("smtp.maple.example",)


def test_who_turned_it_is_in_the_audit_log(app: Flask, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        turn(DISTRICT_RELAY, True, by=SYSTEM, host="smtp.maple.example")
        db.session.commit()

        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.what == "service_switches")).one()
        assert entry.did == "created"
        assert entry.changes["on"] == [None, True]
        assert entry.changes["host"] == [None, "smtp.maple.example"]


@pytest.mark.parametrize(
    ("key", "host", "sentence"),
    [
        ("openai", None, "OpenAI is not built yet, so it cannot be turned on"),
        ("nobody", None, "not in the registry"),
        (HTMX_CDN, None, "is turned on by the operator of this deployment"),
        (OPERATOR_RELAY, None, "is turned on by the operator of this deployment"),
        (DISTRICT_RELAY, None, "Name the host of the district’s own mail server"),
        (DISTRICT_RELAY, "", "Name the host"),
        (DISTRICT_RELAY, "2130706433", "is not a host name or address"),
        (DISTRICT_RELAY, "smtp.maple.example/x", "is not a host name or address"),
    ],
)
def test_what_cannot_be_turned_on_says_why(
    app: Flask, world: World, key: str, host: str | None, sentence: str
) -> None:
    with app.app_context(), as_district(world.maple.id), pytest.raises(OutsideRefused, match=sentence):
        turn(key, True, by=SYSTEM, host=host)


def test_what_is_not_built_stays_off_whatever_a_row_says(app: Flask, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        db.session.add(ServiceSwitch(service="openai", on=True, host=""))
        db.session.flush()

        assert services.hosts_in_use("openai") == ()


def test_every_service_says_what_the_law_wants_to_know() -> None:
    assert len({one.key for one in SERVICES}) == len(SERVICES)
    for one in SERVICES:
        assert all((one.name, one.company, one.purpose, one.passes, one.location)), one.key
        assert not one.built or one.since is not None, f"{one.key} is in use and does not say since when"
        assert one.host_in_settings is services._never or one.turned_on_by is services.Hand.OPERATOR
