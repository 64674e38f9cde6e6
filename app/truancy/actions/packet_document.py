"""What stands in a packet, and in which order: from what is on record to the sections of a document.

No more of a student than whoever decides must know. What people wrote down in the case, and what is in the way of
coming to school, is printed only where whoever asked for the packet said so; in which excluded group a student is,
never.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final
from uuid import UUID

from app.core import clock
from app.core.directory import district_by_id
from app.core.tenancy import current_district_id
from app.integrations.typesetting.documents import (
    Block,
    Bullets,
    Copy,
    Document,
    Facts,
    Heading,
    LetterPages,
    Paragraph,
    Section,
    Table,
)
from app.notices.actions.lettering import Words, day_in_short, day_in_words
from app.notices.actions.reprinting import Reprint, as_it_left
from app.register.models.attendance_code import AttendanceCode
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.counting import meaning_on
from app.register.models.reason_not_given import ReasonNotGiven
from app.roster.models.envelopes import envelopes
from app.roster.models.recipients import recipients
from app.roster.models.school import School
from app.roster.models.school_year import SchoolYear
from app.truancy.actions.evidencing import Evidence, evidence_of
from app.truancy.actions.packet_months import months
from app.truancy.law import words
from app.truancy.law.packets import NOTES
from app.truancy.law.packs import shipped
from app.truancy.law.rule import Unit
from app.truancy.models import case_entry
from app.truancy.models.case_entry import BARRIER
from app.truancy.models.case_packet import CasePacket
from app.truancy.models.evidence_marks import for_want_of_a_reason, in_words, slot_in_words
from app.truancy.models.firing import Firing
from app.truancy.models.firing_change import FiringChange
from app.truancy.models.on_record import Answer, OnRecord, answers, on_record, told
from app.truancy.models.regional_words import regional_words
from app.truancy.models.rule_activation import place_of

#: The last section, of packets with letters.
PRINTED: Final = "Letters as they were printed"
_CHANGED: Final = {
    "retracted": "taken back, since the register did not support it any more",
    "reinstated": "put back, since the register supported it again",
    "upheld_new_evidence": "stands on other marks than before",
}


def document_of(packet: CasePacket) -> Document:
    """The packet as it stands now."""
    return _Packet(packet).document()


class _Packet:
    """One packet, while it is put together."""

    def __init__(self, packet: CasePacket) -> None:
        self.packet, self.student = packet, packet.student
        duty = packet.duty
        self.record: OnRecord = on_record(duty.case)
        self.school = School.find(self.student.school_id) if self.student.school_id else None
        self.answers: list[Answer] = answers(self.record, duty, packet.goes_to, packet.reason)
        self.titles = {rule.id: rule.title for rule in shipped()}
        firing = Firing.behind(duty.student_id, duty.rule_id, duty.window, duty.ordinal)
        self.evidence: Evidence | None = evidence_of(firing) if firing else None
        card = district_by_id(current_district_id())
        assert card is not None  # the wall is up, so the district is there
        self.card = card
        self.said = regional_words()
        #: The letters, by the notices that they are of.
        self.printed: dict[UUID, Reprint] = {
            one.notice.id: again for one in self.record.left if (again := as_it_left(one.notice)) is not None
        }

    def document(self) -> Document:
        return Document(
            title=f"{self.packet.of_kind.title}: {self.student.name}",
            cover=tuple(self._cover()),
            sections=tuple(
                Section(title, tuple(blocks))
                for title, blocks in (
                    ("What the law asks for", self._checklist()),
                    ("The rule and the count", self._rule()),
                    ("Chronology", self._chronology()),
                    ("Attendance by month", months(self.student, self._counts_sessions(), self.said)),
                    ("Marks in the register", self._marks()),
                    ("Notices to the family", self._notices()),
                    (
                        "Contact with the family",
                        self._entries("No contact with the family is recorded.", case_entry.CONTACT),
                    ),
                    (
                        self.said.conferences,
                        self._entries(
                            self.said.no_conference,
                            case_entry.SCHEDULED,
                            case_entry.HELD,
                            case_entry.MISSED,
                        ),
                    ),
                    (
                        "Improvement plans",
                        self._entries("No plan is recorded.", case_entry.PLAN, case_entry.PLAN_FAILED),
                    ),
                    ("What is in the way of coming", self._barriers()),
                    (
                        "Referrals and services",
                        self._entries(
                            "No referral is recorded.",
                            case_entry.REFERRAL,
                            case_entry.COMMITTEE,
                            case_entry.PENALTY,
                        ),
                    ),
                    ("Excuses and corrections", self._excuses()),
                    (PRINTED, self._letters()),
                )
                if title != PRINTED or self.printed
            ),
            foot=f"{self.card.name} · confidential student record · packet {str(self.packet.id)[-12:]}",
        )

    def _cover(self) -> Iterator[Block]:
        packet, rule = (
            self.packet,
            self.evidence.behind.rule if self.evidence and self.evidence.behind else None,
        )
        yield Facts(
            tuple(
                (label, value)
                for label, value in (
                    (packet.of_kind.goes_to, packet.goes_to),
                    ("Address", ", ".join(packet.address.split("\n"))),
                    ("Meets on", day_in_words(packet.meets_on) if packet.meets_on else ""),
                    ("Under", "; ".join(rule.authority) if rule else packet.duty.rule_id),
                    ("Put together", f"{self._day(packet.asked_at)} for {packet.asked_by.name}"),
                )
                if value
            )
        )
        yield Paragraph(f"Reason: {packet.reason}")
        missing = [
            f"{one.asked.says}: {one.asked.missing}"
            for one in self.answers
            if not one.found and not one.asked.may_be_none
        ]
        if missing:
            yield Paragraph("What the law asks for and is not on record:", stands_out=True)
            yield Bullets(tuple(missing))
        if packet.undone:
            yield Paragraph("What was not done when this was asked for:", stands_out=True)
            yield Bullets(tuple(packet.undone))
            yield Paragraph(f"Why it goes on all the same, by {packet.asked_by.name}: {packet.despite}")
        yield Heading("Student and school")
        yield Facts(tuple(self._student()))
        yield Heading("Parents and guardians")
        yield from self._guardians()
        for note in NOTES.get(place_of(packet.duty.rule_id), ()):
            yield Paragraph(note)

    def _student(self) -> Iterator[tuple[str, str]]:
        student = self.student
        yield "Student", student.name
        yield "Number", student.number
        yield "Born", day_in_words(student.born) if student.born else "Not recorded"
        if student.grade:
            yield self.said.grade, self.said.grades[student.grade]
        yield "School", self.school.name if self.school else "Not enrolled"
        yield "School year", self.record.case.year

    def _guardians(self) -> Iterator[Block]:
        """Who may be told, with the address at which they are written to. Nobody who may not be is named."""
        who = recipients(self.student)
        addresses = {id: one for one in envelopes([self.student]) for id in one.guardian_ids}
        lines = []
        for one in who.may:
            envelope = addresses.get(one.guardian_id)
            where = ", ".join(envelope.address) if envelope else "no address to which a letter may go"
            lines.append(f"{one.name}: {where}")
        yield Bullets(tuple(lines)) if lines else Paragraph("Nobody may be written to about this student.")
        if who.left_out:
            number = len(who.left_out)
            yield Paragraph(
                f"{number} more {'is' if number == 1 else 'are'} known to the school and not named here: "
                "the school may not write to them about this student, or cannot reach them."
            )

    def _checklist(self) -> Iterator[Block]:
        yield Table(
            ("The law asks for", "Where", "On record"),
            tuple(
                (
                    one.asked.says,
                    one.asked.authority or "–",
                    self._said(one) if one.found else one.asked.missing,
                )
                for one in self.answers
            ),
            (3, 2, 4),
        )

    def _said(self, one: Answer) -> str:
        if one.asked.key == "barrier" and not self.packet.with_barriers:
            return "It is on record, and not printed here."
        return "\n".join(one.found)

    def _rule(self) -> Iterator[Block]:
        evidence = self.evidence
        if evidence is None:
            yield Paragraph("No rule stands behind this: it was opened by hand.")
            return
        firing, behind = evidence.firing, evidence.behind
        if behind is not None:
            rule, confirmed = behind.rule, behind.confirmation
            yield Paragraph(rule.text)
            yield Paragraph(" ".join([words.counted(rule), words.within(rule), words.fires(rule)]))
            by = (
                f"{confirmed.counsel}, {day_in_words(confirmed.confirmed_on)}"
                if confirmed
                else "Not confirmed"
            )
            yield Facts(
                (
                    ("Law", "; ".join(rule.authority)),
                    ("Version", f"{rule.sha256[:16]}, in force from {day_in_words(rule.effective)}"),
                    ("Stricter than the law asks", "yes, by decision" if behind.is_laid_over else "no"),
                    (self.said.confirmed, by),
                )
            )
        yield Facts(
            (
                ("Counted", evidence.counted),
                ("Threshold met on", day_in_words(firing.trigger_day)),
                ("Window", f"{firing.window_name}, time {firing.ordinal} in it"),
                ("Found", self._day(firing.known_at)),
                ("Hash of the evidence", firing.evidence_sha256),
                ("Agrees with the register now", "yes" if evidence.check.agrees else "no"),
            )
        )
        if evidence.check.because:
            yield Bullets(evidence.check.because)
        if evidence.marks:
            yield Heading("The marks that it stands on")
            yield Table(
                ("Day", "Part", "Code", "Counts as", "Minutes", "Now"),
                tuple(
                    (
                        day_in_short(one.day),
                        slot_in_words(one.slot),
                        " ".join(filter(None, (one.code, one.description))),
                        ". ".join(filter(None, (one.meaning, one.not_given))),
                        "–" if one.minutes is None else str(one.minutes),
                        one.changed or "The same",
                    )
                    for one in evidence.marks
                ),
                (2, 2, 3, 3.5, 1.5, 2.5),
            )
        if evidence.prior:
            yield from self._prior(evidence)

    def _prior(self, evidence: Evidence) -> Iterator[Block]:
        yield Heading("The records of earlier schools that it stands on besides")
        yield Paragraph(
            f"Of what was counted, {evidence.counted_before} were at earlier schools: not on which days, only how "
            "many between two days. Each was entered from the paper that is named here by one person and confirmed "
            "by another."
        )
        yield Table(
            ("School", "From", "To", "It says", "Paper", "Entered and confirmed by"),
            tuple(
                (
                    one.where,
                    day_in_short(one.first),
                    day_in_short(one.last),
                    one.said,
                    f"{one.name}, SHA-256 {one.sha256[:16]}",
                    "\n".join(
                        f"{who.name}, {self._day(at)}"
                        for who, at in (
                            (one.entered_by, one.entered_at),
                            (one.confirmed_by, one.confirmed_at),
                        )
                        if who is not None and at is not None
                    ),
                )
                for one in evidence.prior
            ),
            (3, 1.5, 1.5, 3, 3, 3),
        )

    def _chronology(self) -> Iterator[Block]:
        lines = sorted(self._happened(), key=lambda one: one[0])
        yield Table(("Day", "What happened"), tuple((day_in_short(day), what) for day, what in lines), (1, 5))

    def _happened(self) -> Iterator[tuple[date, str]]:
        for firing in self.record.firings:
            title = self.titles.get(firing.rule_id, firing.rule_id)
            yield firing.trigger_day, f"{title}: the threshold was met"
            for change in FiringChange.of_firing(firing.id):
                yield self._local(change.changed_at), f"{title}: {_CHANGED[change.outcome]}"
        days = [one.day for one in (self.evidence.marks if self.evidence else ())]
        for line in ReasonNotGiven.of_student(self.student.id, days).values():
            yield (
                line.since,
                f"Mark of {day_in_short(line.day)}, {line.meaning.code}: {for_want_of_a_reason(line)}",
            )
        for trail in self.record.left:
            for step in trail.steps:
                yield self._local(step.at), f"{trail.channel} {trail.notice.code}: {step.what}"
        for one in self.record.entries:
            if one.kind != BARRIER:
                yield one.on, told(one, with_note=self.packet.with_notes)

    def _counts_sessions(self) -> bool:
        behind = self.evidence.behind if self.evidence else None
        return behind is not None and Unit.SESSION in behind.rule.count.units

    def _marks(self) -> Iterator[Block]:
        year = SchoolYear.current()
        held = [
            one
            for one in sorted(AttendanceMark.of_student(self.student.id), key=lambda one: (one.day, one.slot))
            if year is None or year.first_day <= one.day <= year.last_day
        ]
        codes = AttendanceCode.counting()
        stood_on = {(one.day, one.slot) for one in (self.evidence.marks if self.evidence else ())}
        if not held:
            yield Paragraph("There is no mark in the register: the student was present on each day.")
            return
        rows = []
        for one in held:
            meaning = meaning_on(one, codes)
            said = " ".join(filter(None, (one.code, meaning.description if meaning else "")))
            minutes = "–" if one.minutes is None else str(one.minutes)
            counted = "Yes" if (one.day, one.slot) in stood_on else ""
            rows.append(
                (
                    day_in_short(one.day),
                    slot_in_words(one.slot),
                    said,
                    in_words(meaning, one.unexcused_since),
                    minutes,
                    counted,
                )
            )
        yield Table(
            ("Day", "Part", "Code", "Counts as", "Minutes", "Stands behind this"),
            tuple(rows),
            (2, 2, 3, 3, 1.5, 2),
        )

    def _notices(self) -> Iterator[Block]:
        if not self.record.left:
            yield Paragraph("No notice to the family is recorded as sent.", stands_out=True)
        for trail in self.record.left:
            notice = trail.notice
            corrects = f"Correction of {trail.corrects}: " if trail.corrects else ""
            yield Heading(f"{corrects}{trail.channel} {notice.code} to {', '.join(trail.to)}")
            approved = notice.text.approved_by
            home = notice.home_text.approved_by if notice.home_text else None
            yield Facts(
                tuple(
                    (label, value)
                    for label, value in (
                        ("Text", f"{notice.text.template.title}, {notice.text.called}"),
                        ("Approved by", approved.name if approved else ""),
                        ("Language", notice.said_in),
                        ("Translation", notice.home_text.called if notice.home_text else ""),
                        ("Translation approved by", home.name if home else ""),
                        ("Hash of its words", notice.words_sha256),
                    )
                    if value
                )
            )
            for sentence in trail.together:
                yield Paragraph(sentence)
            yield Bullets(tuple(f"{self._day(step.at)}: {step.what}" for step in trail.steps))
            if notice.id in self.printed:
                yield Paragraph(f"It stands as it was printed at the end of this packet, under “{PRINTED}”.")
                continue
            yield Paragraph("Word for word, as it was sent:")
            for said in notice.words:
                yield Copy(Words.of(said).part())

    def _letters(self) -> Iterator[Block]:
        yield Paragraph(
            "Each is set again from what was kept of it. What is not as it was printed is said above it."
        )
        for trail in self.record.left:
            again = self.printed.get(trail.notice.id)
            if again is not None:
                title = f"{trail.channel} {trail.notice.code}, as it was printed"
                yield LetterPages(title, again.note, again.letter, again.paper)

    def _entries(self, nothing: str, *kinds: str) -> Iterator[Block]:
        rows = [
            (day_in_short(one.on), told(one, with_note=self.packet.with_notes), one.by.name)
            for one in self.record.entries
            if one.kind in kinds
        ]
        yield (
            Table(("Day", "What", "Written down by"), tuple(rows), (1, 4, 2)) if rows else Paragraph(nothing)
        )

    def _barriers(self) -> Iterator[Block]:
        if self.packet.with_barriers:
            yield from self._entries("Nothing in the way is recorded.", BARRIER)
        else:
            yield Paragraph("This is not printed here.")

    def _excuses(self) -> Iterator[Block]:
        lines = []
        for firing in self.record.firings:
            for change in FiringChange.of_firing(firing.id):
                title = self.titles.get(firing.rule_id, firing.rule_id)
                lines.append(f"{self._day(change.changed_at)}: {title}, {_CHANGED[change.outcome]}")
        changed = [one for one in (self.evidence.marks if self.evidence else ()) if one.changed]
        lines += [f"Mark of {day_in_words(one.day)}, {one.code}: {one.changed}" for one in changed]
        yield (
            Bullets(tuple(lines))
            if lines
            else Paragraph("No excuse or correction changed what this stands on.")
        )

    def _local(self, at: datetime) -> date:
        zone = self.school.zone_name if self.school else self.card.zone_name
        return clock.local(at, zone).date()

    def _day(self, at: datetime) -> str:
        return day_in_words(self._local(at))
