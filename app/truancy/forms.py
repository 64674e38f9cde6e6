"""What is filled in when a rule is switched on, and about cases."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    FieldList,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError

from app.notices.models.notice import CHANNELS, LETTER
from app.notices.wording import shipped
from app.truancy.law.overlay import LONGEST_TITLE, MAY_BE_ADDED, MOST_ADDED, MOST_DAYS, Added, Overlay
from app.truancy.law.prior import HOURS, why_not_counted
from app.truancy.law.rule import Rule, whole
from app.truancy.law.words import DUTIES, FLAGS
from app.truancy.models.attendance_case import TIERS
from app.truancy.models.case_entry import (
    BARRIERS,
    BY_MEANS,
    COMMITTEES,
    HELD,
    KINDS,
    MEANS,
    MISSED,
    OUTCOMES,
    PLAN_FAILED,
    PLANS,
    REFERRALS,
    SCHEDULED,
)
from app.truancy.models.prior_record import UNITS, Said
from app.web.fields import FilesField, KeyedPaper, Paper, options

_NOTE: Final = Length(max=1000, message="Use at most 1,000 characters.")
_DAYS: Final = NumberRange(min=1, max=MOST_DAYS, message=f"Write a number of days from 1 to {MOST_DAYS}.")
_LINE: Final = Length(max=200, message="Use at most 200 characters.")
_MANY: Final = NumberRange(min=0, max=9999, message="Write a number from 0 to 9,999.")
_NONE: Final = ("", "None")
_NOBODY: Final = ("", "Nobody yet")


class ConfirmationForm(Paper):
    """That counsel confirmed a rule."""

    counsel = StringField(
        "Name of your counsel",
        [InputRequired("Write who confirmed it."), Length(max=120, message="Use at most 120 characters.")],
    )
    confirmed_on = DateField("Confirmed on", [InputRequired("Write the day on which it was confirmed.")])
    note = TextAreaField("Note", [_NOTE])


#: Of how many percent of the students a notice of the district's own may be held back.
SHARES: Final = (10, 20, 30, 40, 50)


class ProposalForm(KeyedPaper):
    """From when on a rule is used, and what is laid over it."""

    first_day = DateField("First day on which it fires", [InputRequired("Write the first day.")])
    title = StringField(
        "What your district calls it",
        [Length(max=LONGEST_TITLE, message=f"Use at most {LONGEST_TITLE} characters.")],
    )
    threshold = StringField("Fires earlier, at", [Length(max=12, message="Use at most 12 characters.")])
    #: One for each duty of the rule, in its order.
    sooner_days = FieldList(IntegerField(validators=[Optional(), _DAYS]))
    #: A duty and its days, row by row.
    added = FieldList(
        SelectField("One more duty", choices=options([_NONE, *MAY_BE_ADDED.items()]), default=""),
        min_entries=1,
        max_entries=MOST_ADDED,
    )
    added_days = FieldList(
        IntegerField("Due within how many school days", [Optional(), _DAYS]),
        min_entries=1,
        max_entries=MOST_ADDED,
    )
    prior = BooleanField("Count confirmed records of an earlier school, too")
    held_back = SelectField(
        "Hold it back from some, by lot",
        choices=options(
            [("0", "From nobody"), *((str(one), f"From {one} % of the students") for one in SHARES)]
        ),
        default="0",
    )
    note = TextAreaField("Why", [_NOTE])

    #: Somebody has just asked for another row.
    is_grown = False

    def about(self, rule: Rule) -> None:
        """Ask about the duties that this rule has."""
        self._duties = tuple(dict.fromkeys(duty.do for duty in rule.duties))
        while len(self.sooner_days) < len(self._duties):
            self.sooner_days.append_entry()
        for do, field in zip(self._duties, self.sooner_days, strict=False):
            field.label.text = f"Earlier deadline for “{DUTIES[do]}”: within how many days"
        while len(self.added_days) < len(self.added):
            self.added_days.append_entry()
        while len(self.added) < len(self.added_days):
            self.added.append_entry()
        self._counts = rule.threshold.n is not None
        #: True where it is offered that records of earlier schools are counted, too.
        self.offers_prior = not rule.count.prior and not why_not_counted(rule)

    @property
    def may_grow(self) -> bool:
        """True while another duty can be added."""
        return len(self.added) < MOST_ADDED

    def grow(self) -> None:
        """One more empty row for a duty."""
        if self.may_grow:
            self.added.append_entry()
            self.added_days.append_entry()
            self.is_grown = True

    def validate_threshold(self, field: Any) -> None:
        """A number, whole or not."""
        if (field.data or "").strip() and self._much() is None:
            raise ValidationError("Write a number, such as 2 or 7.5, or leave it empty.")

    def validate(self, extra_validators: Any = None) -> bool:
        """A deadline belongs to a duty, and no duty is added twice."""
        valid = super().validate(extra_validators)
        seen: set[str] = set()
        for duty, days in zip(self.added, self.added_days, strict=False):
            said = ""
            if days.data is not None and not duty.data:
                said = "Choose the duty that is due then, or leave the days empty."
            elif duty.data in seen:
                said = f"“{DUTIES[duty.data]}” is chosen twice. Leave one of them at None."
            if said:
                duty.errors = [*duty.errors, said]
                valid = False
            if duty.data:
                seen.add(duty.data)
        return valid

    def overlay(self) -> Overlay:
        """What was filled in, whether it is strict enough or not."""
        much = self._much()
        return Overlay(
            n=much if self._counts else None,
            percent=None if self._counts else much,
            due=tuple(
                (do, field.data)
                for do, field in zip(self._duties, self.sooner_days, strict=False)
                if field.data is not None
            ),
            added=tuple(
                Added(duty.data, due=days.data)
                for duty, days in zip(self.added, self.added_days, strict=False)
                if duty.data
            ),
            title=(self.title.data or "").strip(),
            held_back=int(self.held_back.data or 0),
            prior=bool(self.prior.data),
        )

    def _much(self) -> Any:
        written = (self.threshold.data or "").strip().removesuffix("%").strip()
        if not written.replace(".", "", 1).isdecimal() or not written.isascii():
            return None
        return whole(Fraction(written))


class EndingForm(Paper):
    """The last day on which a rule fires."""

    last_day = DateField("Last day on which it fires", [InputRequired("Write the last day.")])


class WorkForm(KeyedPaper):
    """What is done with the lines that were chosen: which button was pressed says it."""

    means = SelectField("By", choices=options(MEANS.items()), default="call")
    outcome = SelectField("Outcome", choices=options(OUTCOMES.items()), default="reached")
    day = DateField("Conference on", [Optional()])
    reason = StringField("Reason to dismiss", [_LINE])


class CaseContactForm(KeyedPaper):
    """That somebody was called, written to or visited."""

    means = SelectField("By", choices=options(MEANS.items()))
    outcome = SelectField("Outcome", choices=options(OUTCOMES.items()))
    on = DateField("On", [InputRequired("Write the day.")])
    note = TextAreaField("Note", [_NOTE])


class ConferenceForm(KeyedPaper):
    """A conference: that it is to be, or that it was."""

    what = SelectField(
        "Conference", choices=options((kind, KINDS[kind]) for kind in (SCHEDULED, HELD, MISSED))
    )
    on = DateField("On", [InputRequired("Write the day of the conference.")])
    note = TextAreaField("Note", [_NOTE])


class PlanForm(KeyedPaper):
    """A plan that was made, or that failed."""

    plan = SelectField("Plan", choices=options([*PLANS.items(), (PLAN_FAILED, "The plan has failed")]))
    on = DateField("On", [InputRequired("Write the day.")])
    note = TextAreaField("What was agreed", [_NOTE])


class DeliveryForm(KeyedPaper):
    """That a notice of the law reached the family: what comes after it may wait for that."""

    rule = SelectField("Notice under", choices=[])
    on = DateField("Arrived on", [InputRequired("Write the day on which it arrived.")])
    note = TextAreaField("How it is known", [_NOTE])

    def about(self, notices: Iterable[tuple[str, str]]) -> None:
        """Ask about the notices that are owed in this case."""
        self.rule.choices = options(notices)


class BarrierForm(KeyedPaper):
    """What keeps a student from coming."""

    barrier = SelectField("Barrier", choices=options(BARRIERS.items()))
    note = TextAreaField("Note", [_NOTE])


class ReferralForm(KeyedPaper):
    """To whom a student is referred."""

    to = SelectField("To", choices=options(REFERRALS.items()))
    on = DateField("On", [InputRequired("Write the day.")])
    note = TextAreaField("Reason", [_NOTE])


class CommitteeForm(KeyedPaper):
    """That a committee or a board was told of the student."""

    committee = SelectField("Committee or board", choices=options(COMMITTEES.items()))
    told = StringField(
        "Who was told", [DataRequired("Write who of it was told: a name, or an office."), _LINE]
    )
    means = SelectField("How", choices=options(BY_MEANS.items()))
    on = DateField("On", [InputRequired("Write the day.")])
    note = TextAreaField("Note", [_NOTE])


class PenaltyForm(KeyedPaper):
    """That a penalty notice was issued to one of the parents."""

    parent = SelectField("To", choices=[])
    on = DateField("Issued on", [InputRequired("Write the day on which it was issued.")])
    note = TextAreaField("Note", [_NOTE])

    def about(self, parents: Iterable[tuple[str, str]]) -> None:
        """Ask about the parents of this student."""
        self.parent.choices = options(parents)


class AttestationForm(KeyedPaper):
    """That what a rule asks for besides the count was so."""

    claim = SelectField("What is so", choices=[])
    note = TextAreaField("How it is known", [InputRequired("Write how it is known."), _NOTE])

    def about(self, claims: Iterable[tuple[str, str]]) -> None:
        """Ask about what the rules in use ask about."""
        self.claim.choices = options(claims)


class DutyForm(KeyedPaper):
    """What became of one duty."""

    note = TextAreaField("Note, or the reason to dismiss", [_NOTE])


class CaseForm(KeyedPaper):
    """How much help a student gets, and whose caseload they are on."""

    tier = SelectField("Tier", choices=options((str(tier), words) for tier, words in TIERS.items()))
    counselor = SelectField("Counselor", choices=options([_NOBODY]), default="")

    def offer(self, counselors: Iterable[tuple[str, str]]) -> None:
        """Those of the student's school."""
        self.counselor.choices = options([_NOBODY, *counselors])


class PacketForm(KeyedPaper):
    """To whom a packet goes, why, and what of the case is printed in it."""

    goes_to = StringField("Name of the board or court", [_LINE])
    address = TextAreaField("Its address", [_NOTE])
    meets_on = DateField("Day on which it meets", [Optional()])
    reason = TextAreaField("Reason", [InputRequired("Write the reason."), _NOTE])
    despite = TextAreaField("Why it goes on all the same", [_NOTE])
    with_barriers = BooleanField("Print what is in the way of coming to school, by its kind")
    with_notes = BooleanField("Print the notes of contacts, conferences and plans")


class FlagForm(KeyedPaper):
    """What takes a student out of a machine's hands."""

    name = SelectField("The student is", choices=options((name, words) for name, words in FLAGS.items()))
    first = DateField("From", [InputRequired("Write the first day.")])
    last = DateField("Until", [Optional()])

    def validate_last(self, field: Any) -> None:
        """It does not end before it begins."""
        if field.data and self.first.data and field.data < self.first.data:
            raise ValidationError("The last day is before the first.")


class PriorRecordForm(KeyedPaper):
    """What the paper of an earlier school says."""

    school_name = StringField("Name of the school", [DataRequired("Write the name of the school."), _LINE])
    school_place = StringField("Where it is", [_LINE])
    first = DateField(
        "First day it speaks of", [InputRequired("Write the first day that the paper speaks of.")]
    )
    last = DateField("Last day it speaks of", [InputRequired("Write the last day that the paper speaks of.")])
    unit = SelectField("It counts", choices=options(UNITS.items()), default="day")
    unexcused = DecimalField("Without an excuse", [Optional(), _MANY])
    excused = DecimalField("With an excuse", [Optional(), _MANY])
    unknown = DecimalField("For a reason that is not known", [Optional(), _MANY])
    files = FilesField("The paper", [InputRequired("Choose the paper that says this: one PDF or one photo.")])

    def validate_files(self, field: Any) -> None:
        """One file: who has several pages makes one PDF of them."""
        if len(field.data or ()) != 1:
            raise ValidationError("Choose the paper that says this: one PDF or one photo.")

    def validate(self, extra_validators: Any = None) -> bool:
        """Days and times late are whole numbers; hours may have quarters."""
        valid = super().validate(extra_validators)
        for field in (self.unexcused, self.excused, self.unknown):
            told = field.data
            if told is None or field.errors:
                continue
            if self.unit.data != HOURS and told != told.to_integral_value():
                field.errors = [
                    *field.errors,
                    "Write a whole number. For parts of days choose half days or hours.",
                ]
                valid = False
            elif told != round(told, 2):
                field.errors = [*field.errors, "Write hours with at most two digits after the point."]
                valid = False
        return valid

    def said(self) -> Said:
        """As it was filled in."""
        assert self.first.data is not None
        assert self.last.data is not None
        return Said(
            school_name=(self.school_name.data or "").strip(),
            school_place=(self.school_place.data or "").strip(),
            first=self.first.data,
            last=self.last.data,
            unit=self.unit.data,
            unexcused=self.unexcused.data or Decimal(0),
            excused=self.excused.data or Decimal(0),
            unknown=self.unknown.data or Decimal(0),
        )


class WithdrawalForm(Paper):
    """Why a record is withdrawn."""

    why = StringField("Why it is withdrawn", [DataRequired("Write why it is withdrawn."), _LINE])


class OpenCaseForm(KeyedPaper):
    """Whose case is opened by hand."""

    number = StringField("Student number", [InputRequired("Write the student number."), _LINE])


#: How much a text may ask of whoever writes a notice.
MOST_ASKED = 12


class NoticeOfDutyForm(Paper):
    """The numbers of a notice that the law owes a family, and what else its text asks for."""

    names: Sequence[str] = ()

    days = IntegerField(
        "Days missed this school year",
        [
            InputRequired("Write how many days were missed."),
            NumberRange(1, 366, message="Write a number of days."),
        ],
    )
    unexcused = IntegerField(
        "Of these without an excuse",
        [
            InputRequired("Write how many have no excuse."),
            NumberRange(0, 366, message="Write a number of days."),
        ],
    )
    why_other = StringField(
        "If these are not the register’s numbers: why",
        [Length(max=200, message="Use at most 200 letters.")],
        description="Whoever approves the notice reads it first.",
    )
    asked = FieldList(
        TextAreaField(
            validators=[
                InputRequired("Say this: the text of the notice names it."),
                Length(max=300, message="Use at most 300 letters."),
            ]
        ),
        max_entries=MOST_ASKED,
    )
    way = RadioField("By which way first", choices=options(CHANNELS.items()), default=LETTER)

    def offer(self, channels: Iterable[str]) -> None:
        """The ways that the law of this rule permits."""
        self.way.choices = options((one, CHANNELS[one]) for one in channels)

    def ask_for(self, names: Sequence[str]) -> None:
        """One field for each thing that the text names and only a person knows; of `MOST_ASKED` at most."""
        self.names = names[:MOST_ASKED]
        while len(self.asked.entries) < len(self.names):
            self.asked.append_entry()
        for name, field in zip(self.names, self.asked.entries, strict=False):
            field.label.text = shipped.ASKED.get(name, f"{name[:1].upper()}{name[1:]}")

    def values(self) -> dict[str, str]:
        """As they are put into the text."""
        said = zip(self.names, self.asked.entries, strict=False)
        asked = {name: " ".join(field.data.split()) for name, field in said}
        return {"days": str(self.days.data), "unexcused": str(self.unexcused.data), **asked}
