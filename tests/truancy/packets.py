"""Ana, a habitual truant, what is on record of her, and packets of that."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from app.core import clock, storage
from app.core.actor import SYSTEM, acting_as
from app.core.db import db, uuid7
from app.core.tenancy import as_district
from app.integrations.typesetting.documents import (
    LetterPages,
)
from app.roster.actions.refused import Refused
from app.truancy.actions import packing, settling
from app.truancy.actions.packet_document import document_of
from app.truancy.models import case_entry
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.case_packet import CasePacket
from tests.register import registers
from tests.register.registers import FIRST
from tests.register.test_imports import a_window, taken_in
from tests.roster import families
from tests.truancy.reviews import in_use, reviewed, school_year
from tests.truancy.test_evidence import posted, written

NOON = datetime(2026, 9, 21, 17, tzinfo=UTC)
DAYS = [FIRST + timedelta(days=at) for at in range(5)]


@pytest.fixture(autouse=True)
def _noon():
    with clock.frozen(NOON):
        yield


def told(codes="UUUUU"):
    """The register as the school system tells it, and what the night makes of it."""
    taken_in(a_window(*[("1001", "North", day, "DAY", code) for day, code in zip(DAYS, codes, strict=True)]))
    reviewed()


@pytest.fixture
def habitual(app, world):
    """Ana, a habitual truant by the law of California: reported three times. Her father may not be written to."""
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        north = world.maple.schools["North"]
        student = families.student("Ana", "Salas", number="1001", school=north)
        student.born = date(2013, 3, 1)
        families.lives_at(families.guardian(student, "Eva", "Salas", language="es"), "12 Maple Street")
        families.guardian(student, "Rui", "Salas", relation="Father", rights={"education_rights": False})
        ana = student.id
        registers.calendar(north, weeks=3)
        registers.code("U", "absent", "unexcused", description="Cut")
        registers.code("E", "absent", "excused", description="Sick")
        registers.enrolled(ana, north)
        school_year()
        in_use(world, "us-ca.truant.1", "us-ca.truant.2", "us-ca.habitual")
        db.session.commit()
        told()
        duty = db.session.scalars(select(CaseDuty).where(CaseDuty.do == "consider_sarb")).one()
        return SimpleNamespace(
            student=ana, duty=duty.id, case=duty.case_id, page=f"/maple/attendance/duties/{duty.id}/packet"
        )


@pytest.fixture
def here(app, world, habitual):
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        yield SimpleNamespace(**vars(habitual), world=world)


def enter(here, kind, **more):
    case = CaseDuty.find(here.duty).case
    settling.enter(case, kind, by=here.world.cora.account(), batch=uuid7(), **{"on": DAYS[4], **more})


def ready(here, write=written):
    """The notice was posted, a conference held, and all that comes before is done."""
    write(here.world)
    posted(here.world)
    enter(here, case_entry.CONTACT, name="call", outcome="reached", note="The mother works nights.")
    enter(here, case_entry.SCHEDULED, on=NOON.date())
    enter(here, case_entry.HELD, note="They will come by bus.")
    enter(here, case_entry.PLAN, name="attendance_plan")
    enter(here, case_entry.BARRIER, name="housing")
    enter(here, case_entry.REFERRAL, name="counseling")
    told()
    before = db.session.scalars(select(CaseDuty).where(CaseDuty.state == "open", CaseDuty.id != here.duty))
    ids = [one.id for one in before]
    if ids:
        settling.finish(ids, by=here.world.cora.account(), batch=uuid7())
    db.session.commit()


def paper(here, **more):
    given = {
        "goes_to": "Maple SARB",
        "address": "1 Court St",
        "reason": "Reported three times.",
        "with_barriers": True,
    }
    return CasePacket(id=uuid7(), duty_id=here.duty, **{**given, **more})


def made(here, **more) -> CasePacket:
    packet = packing.ask(paper(here, **more), by=here.world.cora.account())
    db.session.commit()
    packing.make(packet.id)
    db.session.commit()
    found = CasePacket.find(packet.id)
    assert found is not None
    if folder := os.environ.get("PACKETS"):  # for whoever wants to look
        Path(folder, "packet.pdf").write_bytes(pdf_of(found))
    return found


def pdf_of(packet) -> bytes:
    with storage.open(packet.storage_key) as stream:
        return stream.read()


def refusal(here, **more) -> str:
    with pytest.raises(Refused) as refused:
        packing.ask(paper(here, **more), by=here.world.cora.account())
    db.session.rollback()
    return refused.value.sentence


def words(packet) -> str:
    return document_of(packet).words()


def letters_in(document) -> list[LetterPages]:
    return [one for section in document.sections for one in section.blocks if isinstance(one, LetterPages)]
