"""Packets for a board, a court or a penalty: asked for by a person who decides, watched, and saved."""

from flask import Response, abort, url_for
from flask.typing import ResponseReturnValue

from app.core import audit, storage
from app.core.db import db
from app.core.room import Doors
from app.core.storage import FileMissing
from app.roster.actions.refused import Refused
from app.truancy.actions import packing
from app.truancy.forms import PacketForm
from app.truancy.law.packets import kind_for
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.case_packet import CasePacket
from app.truancy.models.on_record import answers, on_record, undone_before
from app.truancy.permissions import RULES, May
from app.web.guard import allow, me
from app.web.page import done, page
from app.web.saved import as_pdf

doors = Doors()


@doors.get("/attendance/duties/<uuid:id>/packet")
@allow(May.MAKE_PACKET, RULES, of=CaseDuty)
def new(duty: CaseDuty) -> ResponseReturnValue:
    """What the law asks for, what of it is on record, and what is to be filled in. Leaves an access record."""
    return _asked(duty, PacketForm.blank(data={"with_barriers": True}))


@doors.post("/attendance/duties/<uuid:id>/packet")
@allow(May.MAKE_PACKET, RULES, of=CaseDuty, paper=PacketForm)
def create(duty: CaseDuty) -> ResponseReturnValue:
    """Have it put together."""
    form = PacketForm.filled()
    if not form.validate():
        return _asked(duty, form, 422)
    wanted = CasePacket(
        id=form.key,
        duty_id=duty.id,
        goes_to=(form.goes_to.data or "").strip(),
        address=(form.address.data or "").strip().replace("\r\n", "\n"),
        meets_on=form.meets_on.data,
        reason=form.reason.data.strip(),
        despite=(form.despite.data or "").strip(),
        with_barriers=bool(form.with_barriers.data),
        with_notes=bool(form.with_notes.data),
    )
    try:
        packet = packing.ask(wanted, by=me())
    except Refused as refused:
        db.session.rollback()
        form.refuse(refused.sentence)
        return _asked(duty, form, 422)
    return done("It is being put together.", url_for("truancy.packets_show", id=packet.id))


@doors.get("/attendance/packets/<uuid:id>")
@allow(May.SEE_PACKET, RULES, of=CasePacket)
def show(packet: CasePacket) -> ResponseReturnValue:
    """How far it is; then its hash, who saved it when, and the file. Leaves an access record."""
    audit.viewed(packet.student)
    return page(
        "truancy/packet.html",
        block="progress",
        packet=packet,
        student=packet.student,
        downloads=packet.downloads(),
    )


@doors.get("/attendance/packets/<uuid:id>/packet.pdf")
@allow(May.SEE_PACKET, RULES, of=CasePacket)
def save(packet: CasePacket) -> Response:
    """The file. That it was saved is recorded."""
    if packet.storage_key is None:
        abort(404)
    audit.viewed(packet.student)
    audit.noted("exported", CasePacket.__tablename__, packet.id, pages=packet.pages)
    try:
        with storage.open(packet.storage_key) as stream:
            pdf = stream.read()
    except FileMissing as missing:
        abort(404, str(missing))
    return as_pdf(pdf, f"packet-{str(packet.id)[-12:]}.pdf")


def _asked(duty: CaseDuty, form: PacketForm, status: int = 200) -> ResponseReturnValue:
    student = duty.case.student
    audit.viewed(student)
    kind, record = kind_for(duty.do), on_record(duty.case)
    return page(
        "truancy/packet_new.html",
        status=status,
        duty=duty,
        student=student,
        kind=kind,
        answers=answers(record, duty, "–", "–") if kind else [],
        undone=undone_before(record, duty) if kind else [],
        why_not=packing.why_not(duty),
        form=form,
    )
