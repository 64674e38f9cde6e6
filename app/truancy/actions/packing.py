"""A packet is asked for by a named person, and put together by the night staff: a row first, then one PDF.

Each step is one transaction. Killed at any line it goes on from the step it was at, and begun twice it makes one file.
"""

from typing import Final
from uuid import UUID

from app.core import audit, quotas, storage
from app.core.actor import Actor
from app.core.db import db, uuid7
from app.core.directory import district_by_id
from app.core.queue import later
from app.core.tenancy import current_district_id
from app.integrations.typesetting.documents import CannotPrint, print_document
from app.roster.actions.refused import Refused
from app.truancy.actions import reviewing
from app.truancy.actions.packet_document import document_of
from app.truancy.law.packets import kind_for
from app.truancy.models.case_duty import DISMISSED, WITHDRAWN, CaseDuty
from app.truancy.models.case_packet import GATHERING, SETTING, CasePacket
from app.truancy.models.firing import Firing
from app.truancy.models.on_record import on_record, undone_before
from app.truancy.models.student_to_review import StudentToReview

MAKE: Final = "jobs.truancy.make_packet"
NO_PACKET: Final = "For this line no packet is put together."
NOT_ANY_MORE: Final = (
    "The rule does not stand any more: an excuse came, or the register was corrected. "
    "Nothing is put together."
)
DECIDED_AGAINST: Final = "Somebody decided in the case that this is not done. Nothing is put together."
FOR_A_PERSON: Final = (
    "The law leaves this student out of it, so nothing is put together. Open the case and offer what it asks for "
    "instead."
)
SAY_WHY: Final = (
    "Not everything that comes before it was done. Do that first, or write why it goes on all the same. "
    "{undone}"
)
NO_ROOM: Final = "There is no room left for files. Ask your administrator, then ask for the packet again."


def why_not(duty: CaseDuty) -> str:
    """Why nobody can have a packet for this line, whatever they write; "" if somebody may."""
    if kind_for(duty.do) is None:
        return NO_PACKET
    firing = Firing.behind(duty.student_id, duty.rule_id, duty.window, duty.ordinal)
    if duty.state == WITHDRAWN or (firing is not None and not Firing.is_standing(firing.id)):
        return NOT_ANY_MORE
    if duty.state == DISMISSED:
        return DECIDED_AGAINST
    if firing is not None and firing.excluded:
        return FOR_A_PERSON
    return ""


def ask(packet: CasePacket, *, by: Actor) -> CasePacket:
    """Have it put together. Asked for twice with one key it is the same packet. Raises Refused."""
    known = CasePacket.find(packet.id)
    if known is not None:
        return known
    duty = CaseDuty.find(packet.duty_id)
    kind = kind_for(duty.do) if duty else None
    assert by.id is not None, "A person asks for it."
    if duty is None or kind is None:
        raise Refused(NO_PACKET)
    if why := _why_not_now(duty):
        raise Refused(why)
    undone = undone_before(on_record(duty.case), duty)
    if undone and not packet.despite:
        raise Refused(SAY_WHY.format(undone=" ".join(undone)))
    if quotas.is_reached(quotas.STORED):
        raise Refused(NO_ROOM)
    packet.kind, packet.student_id, packet.asked_by_id = kind.key, duty.student_id, by.id
    packet.undone, packet.despite = undone, packet.despite if undone else ""
    packet.state, packet.size = GATHERING, 0
    db.session.add(packet)
    db.session.flush()
    later(MAKE, packet.id)
    return packet


def make(packet_id: UUID) -> None:
    """Go on with it, from wherever it is. Commits after each step."""
    packet = CasePacket.locked(packet_id)
    if packet is None or packet.is_over:
        return
    duty = db.session.get_one(CaseDuty, packet.duty_id)
    if why := _why_not_now(duty):
        packet.fail(why)
        return
    packet.state = SETTING
    db.session.commit()
    packet = CasePacket.locked(packet_id)
    if packet is None or packet.is_over:
        return
    if quotas.is_reached(quotas.STORED):
        packet.fail(NO_ROOM)
        return
    card = district_by_id(current_district_id())
    assert card is not None  # the wall is up, so the district is there
    try:
        printed = print_document(document_of(packet), card.region, packet.asked_at)
    except CannotPrint as refused:
        packet.fail(refused.sentence)
        return
    stored = storage.put(("packets", uuid7()), printed.pdf, "application/pdf")
    packet.keep(stored.key, stored.size, stored.sha256, printed.pages)
    audit.noted("made", CasePacket.__tablename__, packet.id, pages=printed.pages, sha256=stored.sha256)


def _why_not_now(duty: CaseDuty) -> str:
    """The same for the moment at which something is done: where the register changed, the rules are put to it first."""
    if StudentToReview.waits(duty.student_id):
        reviewing.look_at([duty.student_id])
        db.session.refresh(duty)
    return why_not(duty)
