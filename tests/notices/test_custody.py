"""Random custody, opt-outs, languages and addresses: nothing is printed or mailed to whom it may not reach.

Each family goes all the way: written, approved, its facts changed at random meanwhile, then collated and mailed. What
left is held against the plain reading of the rules below, which asks nothing of the roster's own answer.
CUSTODY says how many families; `CUSTODY=10000 python -m pytest tests/notices/test_custody.py` is the whole.
"""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from app.core import clock
from app.core.db import db, uuid7
from app.notices.actions import approving, collating, delivery
from app.notices.models.message import Message
from app.notices.models.message import State as MailState
from app.notices.models.notice import EMAIL, LETTER, Notice, State
from app.roster.actions import contacts, guardians
from app.roster.actions.contacts import Consent
from app.roster.actions.guardians import Rights
from app.roster.models.contact import EMAIL as CONTACT_EMAIL
from app.roster.models.contact import POST, Contact
from app.roster.models.guardian import Guardian
from app.roster.models.guardian_right import COURT_ORDER, EDUCATION, MAIL, NO_CONTACT, RIGHTS
from app.roster.models.guardianship import Guardianship
from app.roster.models.language import LANGUAGES
from app.roster.models.recipients import Standing, Way, decide
from tests.notices.families import ready, tell
from tests.roster import families

MANY = int(os.environ.get("CUSTODY", "25"))
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


def random_family(random: Random, number: int, school) -> tuple[object, list[Adult]]:
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
        adult.confidential = one.address_is_confidential = random.random() < 0.15
        adults.append(adult)
    db.session.flush()
    return student, adults


def change_something(random: Random, adults: list[Adult]) -> None:
    """Between the approval and the moment it leaves."""
    adult = random.choice(adults)
    match random.randint(0, 3):
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
        case 3:
            adult.confidential = adult.guardian.address_is_confidential = True
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


def test_nothing_reaches_whom_it_may_not(maple, world):
    ready(world)
    random = Random(20261127)
    school, account = world.maple.schools["North"], world.adams.account()
    told: list[tuple[list[Notice], list[Adult]]] = []
    with clock.frozen(MORNING):
        for number in range(MANY):
            student, adults = random_family(random, number, school)
            notices = tell(student, channels=(LETTER, EMAIL)).notices
            for notice in notices:
                if notice.state == State.WAITING:
                    approving.approve(notice, caution_read=True, by=account)
            if random.random() < 0.7:
                change_something(random, adults)
            told.append((notices, adults))
            db.session.commit()
    with clock.frozen(AFTERNOON):
        while collating.collate():
            db.session.commit()
    wrongs, letters, mails = [], 0, 0
    for notices, adults in told:
        for notice in notices:
            if notice.message_id is not None:
                delivery.deliver(notice.message_id)
                message = db.session.get(Message, notice.message_id)
                if message.state == MailState.SENT:
                    mails += 1
                    wrongs += wrongs_of_a_mail(notice, message, adults)
            elif notice.state == State.IN_PRINT:
                letters += 1
                wrongs += wrongs_of_a_letter(notice, adults)

    assert wrongs == []
    assert letters > MANY / 10
    assert mails > MANY / 20
