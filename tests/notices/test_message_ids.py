"""Our own ids tell who answered what; nobody else can make one."""

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask

from app.core.db import db, uuid7
from app.core.tenancy import as_district
from app.notices.actions import message_ids
from app.notices.actions.message_ids import Answered
from app.notices.models.mail_setting import desk
from app.notices.models.message import Message
from tests.notices.letters import a_reply
from tests.world import Place, World

Read = Callable[[str], Answered | None]
READERS: list[tuple[str, Read]] = [
    ("message_id", message_ids.read_message_id),
    ("reply_to", message_ids.read_reply_to),
    ("envelope_from", message_ids.read_envelope),
]
every_id = pytest.mark.parametrize(("column", "read"), READERS, ids=[column for column, _ in READERS])


@pytest.fixture
def ticket_id() -> UUID:
    return uuid7()


@pytest.fixture
def message(maple: Place, world: World, ticket_id: UUID) -> Message:
    return a_reply(world, ticket_id)


@every_id
def test_it_tells_which_ticket_and_whose_copy(
    world: World, message: Message, ticket_id: UUID, column: str, read: Read
) -> None:
    answered = read(getattr(message, column))

    assert answered is not None
    assert (answered.ticket_id, answered.about_number) == (ticket_id, 1001)
    assert (answered.to_person_id, answered.to_address) == (world.bell.person_id, world.bell.email)


@every_id
def test_a_mail_server_that_changes_the_case_changes_nothing(
    message: Message, column: str, read: Read
) -> None:
    assert read(getattr(message, column).upper()) is not None


@every_id
def test_one_letter_changed_is_a_forgery(message: Message, column: str, read: Read) -> None:
    genuine: str = getattr(message, column)
    at = genuine.rindex("@")

    for position in range(at - 40, at):
        letter = "b" if genuine[position] != "b" else "c"
        assert read(genuine[:position] + letter + genuine[position + 1 :]) is None, position


@every_id
@pytest.mark.parametrize("change", [{"about_id": UUID(int=7)}, {"to_address": "ortiz@maple.example"}])
def test_it_is_bound_to_ticket_and_recipient(
    message: Message, column: str, read: Read, change: dict[str, object]
) -> None:
    genuine = getattr(message, column)
    for name, value in change.items():
        setattr(message, name, value)
    db.session.commit()

    assert read(genuine) is None


@every_id
def test_it_is_bound_to_its_message(
    message: Message, world: World, ticket_id: UUID, column: str, read: Read
) -> None:
    """The code of one of our mails does not fit another, though ticket and recipient are the same."""
    other = a_reply(world, ticket_id)
    mine, theirs = getattr(message, column), getattr(other, column)
    length = 26 if column == "message_id" else 20
    at = mine.rindex("@")

    assert read(mine[: at - length] + theirs[at - length : at] + mine[at:]) is None


@every_id
def test_another_district_reads_nothing_in_it(
    app: Flask, world: World, message: Message, column: str, read: Read
) -> None:
    genuine = getattr(message, column)

    with app.app_context(), as_district(world.birch.id):
        assert read(genuine) is None
        assert read(genuine.replace("maple", "birch")) is None


def test_the_number_in_it_is_not_a_matter_of_taste(message: Message) -> None:
    assert message.message_id is not None
    assert message_ids.read_message_id(message.message_id.replace(".1001.", ".1002.")) is None


def test_ids_serve_one_purpose_each(message: Message) -> None:
    token = message.reply_to.partition("+")[2]
    returned = message.envelope_from.partition("+")[2]

    assert message_ids.read_envelope(f"bounce+{token}") is None
    assert message_ids.read_reply_to(f"help+{returned}") is None
    assert message_ids.read_envelope(message.reply_to) is None


def test_the_codes_have_96_bits_or_more() -> None:
    assert message_ids.ID_BITS >= 96
    assert message_ids.TOKEN_BITS >= 96


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<>",
        "<a@b>",
        "<fo.maple@b>",
        "help@maple.example",
        "help+@maple.example",
        "x" * 5000,
        "<fo.maple..1.@x>",
    ],
)
def test_other_text_is_read_as_nothing(maple: Place, text: str) -> None:
    assert message_ids.read_message_id(text) is None
    assert message_ids.read_reply_to(text) is None
    assert message_ids.read_envelope(text) is None


def test_what_looks_like_ours_is_never_taken_for_a_strangers(message: Message, ticket_id: UUID) -> None:
    assert message.message_id is not None
    forged = message.message_id.replace(message.message_id[-40:-20], "a" * 20)

    assert message_ids.looks_like_ours(message.message_id)
    assert message_ids.looks_like_ours(message_ids.reference_of(ticket_id, 1001, desk()))
    assert message_ids.looks_like_ours(forged) or message_ids.read_message_id(forged) is None
    assert not message_ids.looks_like_ours("<abc@mail.gmail.com>")


def test_the_ticket_reference_proves_nothing(maple: Place, ticket_id: UUID) -> None:
    assert message_ids.read_message_id(message_ids.reference_of(ticket_id, 1001, desk())) is None


def test_every_mail_of_a_ticket_carries_the_same_reference(
    maple: Place, world: World, ticket_id: UUID
) -> None:
    first, second = (
        a_reply(world, ticket_id, thread=message_ids_thread(ticket_id)).reference_ids[0] for _ in range(2)
    )

    assert first == second
    assert first != message_ids.reference_of(uuid7(), 1001, desk())


def message_ids_thread(ticket_id: UUID) -> object:
    from app.notices.actions.compose import Thread

    return Thread(ticket_id)


def test_a_desk_with_a_long_name_is_answered_at_its_plain_address(maple: Place, world: World) -> None:
    from app.notices.models.mail_setting import MailSetting

    db.session.add(
        MailSetting(desk_address="technology-and-library-services@maple.example", driver="maildir")
    )
    db.session.flush()
    message = a_reply(world)

    assert message.reply_to == "technology-and-library-services@maple.example"
    assert len(message.envelope_from.partition("@")[0]) <= 64
