"""Random custody, opt-outs, languages, addresses, channels: nothing is printed, mailed or texted to whom it may not.

Each family goes all the way: written, approved, its facts changed at random meanwhile, then collated, mailed, texted.
What left is held against the plain reading of the rules below, which asks nothing of the roster's own answer.
CUSTODY says how many families, SEED which ones; `CUSTODY=10000 python -m pytest tests/notices/test_custody.py` is
the whole, in some forty minutes of a core.
"""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from sqlalchemy import select

from app.core import clock
from app.core.db import db, uuid7
from app.notices.actions import approving, collating, delivery, text_delivery
from app.notices.models.message import Message
from app.notices.models.message import State as MailState
from app.notices.models.notice import EMAIL, LETTER, SMS, Notice, State
from app.notices.models.text_message import TextMessage
from app.roster.actions import contacts, guardians
from app.roster.actions.contacts import Consent
from app.roster.actions.guardians import Rights
from app.roster.models.contact import EMAIL as CONTACT_EMAIL
from app.roster.models.contact import MOBILE, POST, Contact
from app.roster.models.guardian import Guardian
from app.roster.models.guardian_right import COURT_ORDER, EDUCATION, MAIL, NO_CONTACT, RIGHTS
from app.roster.models.guardianship import Guardianship
from app.roster.models.language import LANGUAGES
from app.roster.models.recipients import Standing, Way, decide
from app.roster.models.stopped_number import BY_TEXT, StoppedNumber
from app.roster.models.student import Student
from tests import twilio_fake
from tests.notices.families import ready, tell
from tests.notices.texting import set_up
from tests.roster import families
from tests.world import World

MANY = int(os.environ.get("CUSTODY", "25"))
SEED = int(os.environ.get("SEED", "20261127"))
LADDERS = ((SMS, EMAIL, LETTER), (EMAIL, SMS, LETTER), (LETTER, EMAIL), (SMS, LETTER))
#: Families that are written to on the same day.
A_DAY = 50
MORNING = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
AFTERNOON = datetime(2026, 11, 30, 22, 0, tzinfo=UTC)
REFUSES = Consent(state="refused", source="phone")


@dataclass
class Adult:
    """What a test knows of a guardian, beside the roster."""

    guardian: Guardian
    held: Guardianship
    rights: dict[str, bool | None]
    #: Address lines and emails, and whether each is wanted; a substitute or not.
    posts: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    emails: dict[str, bool] = field(default_factory=dict)
    mobiles: dict[str, bool] = field(default_factory=dict)
    confidential: bool = False

    def may_be_told(self) -> bool:
        return self.rights.get(EDUCATION) is True and self.rights.get(MAIL) is True and not self.is_barred()

    def is_barred(self) -> bool:
        return self.rights.get(NO_CONTACT) is True


def random_rights(random: Random) -> dict[str, bool | None]:
    if random.random() < 0.15:
        return {NO_CONTACT: True}
    some: list[bool | None] = [True, True, True, True, True, True, False, None]
    return {
        EDUCATION: random.choice(some),
        MAIL: random.choice(some),
        COURT_ORDER: random.choice([True, None, None]),
    }


def random_family(random: Random, number: int, school: UUID) -> tuple[Student, list[Adult]]:
    student = families.student("Kid", f"No{number}", number=f"K{number}", school=school)
    streets = [f"{number} {name} Street" for name in ("Elm", "Oak")]
    adults = []
    for which in range(random.randint(1, 4)):
        tag = random.choice(["en"] * 60 + ["es"] * 30 + list(LANGUAGES))
        rights = random_rights(random)
        one = families.guardian(student, f"G{which}", f"No{number}", language=tag, rights=rights)
        held = Guardianship.between(student.id, one.id)
        adult = Adult(one, held, rights)
        for street in random.sample(streets, random.randint(1, 2)):
            wanted, substitute = random.random() < 0.8, random.random() < 0.3
            contact = families.lives_at(one, street, Consent() if wanted else REFUSES)
            contact.is_substitute = substitute
            adult.posts[street] = (wanted, substitute)
        if random.random() < 0.6:
            shared = random.random() < 0.4
            address = f"{'home' if shared else f'g{which}'}{number}@example.com"
            wanted = random.random() < 0.7
            families.email(one, address, families.AGREED if wanted else REFUSES)
            adult.emails[address] = wanted
        if random.random() < 0.6:
            shared = random.random() < 0.3
            number_called = f"+1312{2_000_000 + number * 10 + (9 if shared else which)}"
            wanted = random.random() < 0.7
            families.mobile(one, number_called, families.AGREED if wanted else REFUSES)
            adult.mobiles[number_called] = wanted
        adult.confidential = one.address_is_confidential = random.random() < 0.15
        adults.append(adult)
    db.session.flush()
    return student, adults


def change_something(random: Random, adults: list[Adult]) -> None:
    """Between the approval and the moment it leaves."""
    adult = random.choice(adults)
    match random.randint(0, 4):
        case 0:
            adult.rights = {NO_CONTACT: True}
            guardians.say_rights(adult.held, Rights(holds=adult.rights), by=families.SYSTEM)
        case 1:
            adult.rights = random_rights(random)
            guardians.say_rights(
                adult.held,
                Rights(holds=adult.rights, note="Read." if adult.rights.get(COURT_ORDER) else ""),
                by=families.SYSTEM,
            )
        case 2:
            for contact in Contact.of_guardians([adult.guardian.id]):
                contacts.change(contact, contact.address or contact.value, REFUSES)
            adult.posts = dict.fromkeys(adult.posts, (False, False))
            adult.emails = dict.fromkeys(adult.emails, False)
            adult.mobiles = dict.fromkeys(adult.mobiles, False)
        case 3:
            adult.confidential = adult.guardian.address_is_confidential = True
        case 4:
            # STOP holds for the number, whoever else has it.
            for contact in Contact.of_guardians([adult.guardian.id]):
                if contact.kind == MOBILE:
                    StoppedNumber.stop(contact.value_index, BY_TEXT)
            for one in adults:
                one.mobiles |= dict.fromkeys(adult.mobiles.keys() & one.mobiles.keys(), False)
    db.session.flush()


def wrongs_of_a_letter(notice: Notice, adults: list[Adult]) -> list[str]:
    street = (notice.address or "").split("\n")[1]
    wrongs = [
        f"{street} is where somebody barred is" for one in adults if one.is_barred() and street in one.posts
    ]
    for id in notice.guardian_ids:
        adult = next(one for one in adults if one.guardian.id == id)
        if not adult.may_be_told():
            wrongs.append(f"{adult.guardian.name} may not be told")
    # One household, one envelope: somebody of it must want post there, and not in secret.
    named = [one for one in adults if one.guardian.id in notice.guardian_ids]
    wanted = [one.posts.get(street, (False, False)) for one in named]
    if not any(yes for yes, _ in wanted):
        wrongs.append(f"nobody wants post at {street}")
    for one in named:
        if one.confidential and street in one.posts and not one.posts[street][1]:
            wrongs.append(f"{street} is confidential")
    if notice.language not in {"en", "es"}:
        wrongs.append(f"there is no approved text in {notice.language}")
    return wrongs


def wrongs_of_a_mail(notice: Notice, message: Message, adults: list[Adult]) -> list[str]:
    to = message.to_address
    wrongs = [f"{to} reaches somebody barred" for one in adults if one.is_barred() and to in one.emails]
    (id,) = notice.guardian_ids
    adult = next(one for one in adults if one.guardian.id == id)
    if not adult.may_be_told() or not adult.emails.get(to):
        wrongs.append(f"{adult.guardian.name} may not be told at {to}")
    return wrongs


def wrongs_of_a_text(notice: Notice, text: TextMessage, adults: list[Adult]) -> list[str]:
    to = text.number
    wrongs = [f"{to} reaches somebody barred" for one in adults if one.is_barred() and to in one.mobiles]
    (id,) = notice.guardian_ids
    adult = next(one for one in adults if one.guardian.id == id)
    if not adult.may_be_told() or not adult.mobiles.get(to):
        wrongs.append(f"{adult.guardian.name} may not be texted at {to}")
    return wrongs


def random_standing(random: Random) -> Standing:
    ways = tuple(
        Way(
            uuid7(),
            random.choice([POST, CONTACT_EMAIL]),
            random.choice("abcdefgh"),
            random.random() < 0.7,
            random.random() < 0.3,
        )
        for _ in range(random.randint(0, 4))
    )
    facts = {name: random.random() < 0.7 for name in RIGHTS if random.random() < 0.8}
    facts[NO_CONTACT] = random.random() < 0.2
    return Standing(
        uuid7(),
        "Ana",
        random.choice(list(LANGUAGES)),
        random.random() < 0.9,
        facts,
        ways,
        random.random() < 0.2,
    )


def test_of_ten_thousand_families_no_way_leads_to_somebody_barred():
    random, reached = Random(7), 0
    for _ in range(10_000):
        known = [random_standing(random) for _ in range(random.randint(1, 5))]
        barred = {way.index for one in known if one.rights[NO_CONTACT] for way in one.ways}
        by_id = {one.guardian_id: one for one in known}
        for one in decide("Kid", True, known).may:
            of = by_id[one.guardian_id]
            reached += 1
            assert of.is_active
            assert of.rights.get(EDUCATION) is of.rights.get(MAIL) is True
            assert not of.rights[NO_CONTACT]
            for way in one.ways:
                assert way.is_wanted
                assert way.index not in barred
                assert way.kind != POST or way.is_substitute or not of.address_is_confidential

    assert reached > 1000


@dataclass
class Left:
    """What left, by channel, and what of it should not have."""

    letters: int = 0
    mails: int = 0
    texts: int = 0
    wrongs: list[str] = field(default_factory=list)


def a_day(random: Random, world: World, first: int, many: int, left: Left) -> None:
    """So many families are written to, their facts change, and in the afternoon it leaves."""
    school, account = world.maple.schools["North"], world.adams.account()
    days = timedelta(weeks=first // A_DAY)
    told: list[tuple[Student, list[Adult]]] = []
    with clock.frozen(MORNING + days):
        for number in range(first, first + many):
            student, adults = random_family(random, number, school)
            channels = random.choice(LADDERS)
            for notice in tell(student, channels=channels, is_required=random.random() < 0.5).notices:
                if notice.state == State.WAITING:
                    approving.approve(notice, caution_read=True, by=account)
            if random.random() < 0.7:
                change_something(random, adults)
            told.append((student, adults))
            db.session.commit()
    with clock.frozen(AFTERNOON + days):
        done: set[UUID] = set()
        while let_it_leave([student for student, _ in told], done):
            pass  # what found no way goes on by the next one
    for student, adults in told:
        for notice in notices_of(student):
            look_at(notice, adults, left)
    db.session.expunge_all()
    db.session.commit()


def notices_of(student: Student) -> list[Notice]:
    return list(db.session.scalars(Notice.of_student(student.id)))


def let_it_leave(students: list[Student], done: set[UUID]) -> bool:
    """Have everything carried that waits to be and was not tried; False if there was nothing."""
    asked = select(Notice).where(Notice.student_id.in_([one.id for one in students]), Notice.id.not_in(done))
    due = [one for one in db.session.scalars(asked) if one.message_id or one.text_message_id]
    for notice in due:
        done.add(notice.id)
        if notice.message_id is not None:
            delivery.deliver(notice.message_id)
        if notice.text_message_id is not None:
            text_delivery.deliver(notice.text_message_id)
        db.session.commit()
    printed = collating.collate()
    db.session.commit()
    return bool(due or printed)


def look_at(notice: Notice, adults: list[Adult], left: Left) -> None:
    if notice.message_id is not None:
        message = db.session.get_one(Message, notice.message_id)
        if message.state == MailState.SENT:
            left.mails += 1
            left.wrongs += wrongs_of_a_mail(notice, message, adults)
    elif notice.text_message_id is not None:
        text = db.session.get_one(TextMessage, notice.text_message_id)
        if text.sent_at is not None:
            left.texts += 1
            left.wrongs += wrongs_of_a_text(notice, text, adults)
    elif notice.state == State.IN_PRINT:
        left.letters += 1
        left.wrongs += wrongs_of_a_letter(notice, adults)


def test_nothing_reaches_whom_it_may_not(maple, world, monkeypatch):
    ready(world)
    with twilio_fake.running() as fake:
        twilio_fake.stand_in(monkeypatch, fake.at)
        set_up()
        random, left = Random(SEED), Left()
        for first in range(0, MANY, A_DAY):
            a_day(random, world, first, min(A_DAY, MANY - first), left)

    assert left.wrongs == []
    assert left.letters > MANY / 10
    assert left.mails > MANY / 20
    assert left.texts > MANY / 20
