"""What the school office fills in about students, guardians and how to reach them."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    Label,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from app.core.expiring import today
from app.roster.models.contact import CONSENTS, EMAIL, POST, SOURCES
from app.roster.models.guardian_right import COURT_ORDER, EDUCATION, LIVES_WITH, MAIL, NO_CONTACT, RIGHTS
from app.roster.models.guardianship import RELATIONS
from app.roster.models.language import LANGUAGES
from app.roster.models.reaching import COUNTRIES, PostalAddress, Unreachable, email_address, phone_number
from app.roster.models.student import GRADES
from app.web.fields import KeyedPaper, Paper, options

#: Years of age between which somebody may go to school here.
YOUNGEST, OLDEST = 2, 30
_NAME: Final = Length(max=80, message="Use at most 80 characters.")
_SPOKEN: Final = [(tag, one.choice) for tag, one in LANGUAGES.items()]
#: A fact that nobody entered is not a no: the page says so, and nothing is sent on it.
_KNOWN: Final = [("", "Not known"), ("yes", "Yes"), ("no", "No")]
NEW: Final = "new"


class StudentForm(KeyedPaper):
    """A student."""

    given_name = StringField("Given name", [InputRequired("Write the given name."), _NAME])
    family_name = StringField("Family name", [InputRequired("Write the family name."), _NAME])
    number = StringField(
        "Student number",
        [
            InputRequired("Write the number that the school gave the student."),
            Length(max=30, message="Use at most 30 characters."),
        ],
    )
    school_id = SelectField("School", choices=[])
    grade = SelectField("Grade", choices=options(GRADES.items()))
    born = DateField("Date of birth", [Optional()])
    language = SelectField("Spoken at home", choices=options(_SPOKEN), default="en")

    def validate_born(self, field: DateField) -> None:
        """A school has nobody of less than two years, or of more than thirty."""
        if field.data and not YOUNGEST <= (today() - field.data).days // 365 <= OLDEST:
            raise ValidationError("Check the date of birth: it is not that of somebody who goes to school.")


class _RightsFields:
    """The five facts, each yes, no or not known."""

    education_rights = SelectField(RIGHTS[EDUCATION], choices=options(_KNOWN))
    may_receive_mail = SelectField(RIGHTS[MAIL], choices=options(_KNOWN))
    lives_with = SelectField(RIGHTS[LIVES_WITH], choices=options(_KNOWN))
    no_contact = SelectField(RIGHTS[NO_CONTACT], choices=options(_KNOWN))
    court_order = SelectField(RIGHTS[COURT_ORDER], choices=options(_KNOWN))
    note = TextAreaField(
        "What the court order says", [Length(max=2000, message="Use at most 2,000 characters.")]
    )


class RightsForm(_RightsFields, Paper):
    """What a guardian is to a student, and what they may."""

    relation = SelectField("Relationship", choices=options((word, word) for word in RELATIONS))


class NewGuardianForm(_RightsFields, KeyedPaper):
    """A guardian for a student: somebody new, or somebody whom a brother or sister has already."""

    who = RadioField("Who is it?", choices=options([(NEW, "Somebody new")]), default=NEW)
    given_name = StringField("Given name", [_NAME])
    family_name = StringField("Family name", [_NAME])
    relation = SelectField("Relationship", choices=options((word, word) for word in RELATIONS))
    language = SelectField("Language", choices=options(_SPOKEN), default="en")

    def offer(self, known: Iterable[tuple[UUID, str]]) -> None:
        """Those of the brother or sister."""
        self.who.choices = options([(NEW, "Somebody new"), *((str(id), name) for id, name in known)])

    def validate_family_name(self, field: Any) -> None:
        """Whoever is new has a name."""
        if self.who.data == NEW and not (field.data or "").strip():
            raise ValidationError("Write the family name.")


class GuardianForm(Paper):
    """A guardian's own particulars."""

    given_name = StringField("Given name", [_NAME])
    family_name = StringField("Family name", [InputRequired("Write the family name."), _NAME])
    language = SelectField("Language", choices=options(_SPOKEN))
    address_is_confidential = BooleanField(
        "Their address is confidential: letters go to a substitute address alone"
    )


class GuardianContactForm(KeyedPaper):
    """A way to reach a guardian: which fields count depends on its kind."""

    kind = HiddenField()
    value = StringField("Email or number", [Length(max=254, message="Use at most 254 characters.")])
    line1 = StringField("Street and number", [Length(max=100, message="Use at most 100 characters.")])
    line2 = StringField("Apartment or second line", [Length(max=100, message="Use at most 100 characters.")])
    city = StringField("City", [Length(max=80, message="Use at most 80 characters.")])
    region = StringField("State or province", [Length(max=2, message="Use its two letters, such as IL.")])
    postcode = StringField("ZIP or postcode", [Length(max=12, message="Use at most 12 characters.")])
    # Not asked for a number or an email; for an address, PostalAddress knows the list.
    country = SelectField("Country", choices=options(COUNTRIES.items()), validate_choice=False)
    is_substitute = BooleanField("This is a substitute for a confidential address")
    consent = SelectField("Do they want it?", choices=options(CONSENTS.items()), default="not asked")
    consent_source = SelectField("Where from", choices=options([("", "Not given"), *SOURCES.items()]))
    consent_on = DateField("When they said so", [Optional()])
    consent_wording = StringField(
        "Version of the wording", [Length(max=40, message="Use at most 40 characters.")]
    )

    #: What was written, in one way of writing, once it was found good.
    written: str | PostalAddress = ""

    def of_kind(self, kind: str) -> None:
        """Say what is asked for, and what cannot be left out."""
        self.value.label = Label(self.value.id, "Email" if kind == EMAIL else "Number")
        for name in ("line1", "city", "postcode") if kind == POST else ("value",):
            self[name].flags.required = True

    def read(self, kind: str, country: str) -> bool:
        """Validate it as a contact of that kind, dialled and posted from that country."""
        if not self.validate():
            return False
        try:
            self.written = self._written(kind, country)
        except Unreachable as refused:
            self[refused.part or "value"].errors = [refused.sentence]
            return False
        return True

    def _written(self, kind: str, country: str) -> str | PostalAddress:
        if kind == EMAIL:
            return email_address(self.value.data or "")
        if kind != POST:
            return phone_number(self.value.data or "", country)
        fields = ("line1", "line2", "city", "region", "postcode", "country")
        return PostalAddress.written(**{name: self[name].data or "" for name in fields})


class HouseholdForm(Paper):
    """Whom a household's letters are addressed to."""

    mail_name = StringField("Name on letters", [Length(max=120, message="Use at most 120 characters.")])
