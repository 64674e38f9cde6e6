"""Mail through groups and shared mailboxes: whoever wrote it is answered, once, and nobody is believed too much."""

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core.db import db
from app.helpdesk.models.ticket import Ticket
from tests.helpdesk.desk import (
    answered_by_desk,
    ask,
    at,
    comes_in,
    mail_of,
    messages,
    replies_of,
    vouch_for,
    written,
)
from tests.world import World

FAILED = "mx.maple.example; dmarc=fail header.from=maple.example"


def by_group(world: World, who: str | None = None, **headers: str) -> bytes:
    """As Google Groups passes on what may not be sent in its writer's name."""
    who = who or world.bell.email
    given = {
        "sender": "\"'Nora Bell' via Help\" <help@maple.example>",
        "List_Id": "<help.maple.example>",
        "Precedence": "list",
        "X_Original_From": f"Nora Bell <{who}>",
        "X_Original_Sender": who,
        "Reply_To": f"Nora Bell <{who}>",
    }
    return written(**{**given, **headers})


def came_of(app: Flask, world: World, email_id: UUID) -> tuple[str, str]:
    with at(app, world.maple):
        return mail_of(email_id).state, mail_of(email_id).reason


def test_a_list_with_a_real_sender_is_a_ticket_and_one_receipt(app: Flask, world: World) -> None:
    comes_in(
        app,
        world.maple,
        written(world.bell.email, List_Id="<h.x>", Precedence="list", List_Unsubscribe="<mailto:x@x>"),
    )

    with at(app, world.maple):
        assert db.session.scalars(select(Ticket)).one().requester_id == world.bell.person_id
        assert [one.to_address for one in messages()] == [world.bell.email]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X_Original_From": "x"},
        {"X_Original_From": "x", "X_Original_Sender": "x"},
        {"Reply_To": "other@x.example"},
    ],
    ids=["all", "without X-Original-From", "Reply-To alone", "another Reply-To"],
)
def test_a_rewritten_sender_is_whoever_wrote_it(app: Flask, world: World, headers: dict[str, str]) -> None:
    passed = vouch_for(app, world)

    email_id = comes_in(app, world.maple, by_group(world, **headers, Authentication_Results=passed))

    assert came_of(app, world, email_id)[0] == "filed"
    with at(app, world.maple):
        ticket = db.session.scalars(select(Ticket)).one()
        assert (ticket.requester_id, ticket.verified) == (world.bell.person_id, False)
        assert [one.to_address for one in messages()] == [world.bell.email]


def test_without_a_server_that_vouches_it_waits_for_a_person(app: Flask, world: World) -> None:
    email_id = comes_in(app, world.maple, by_group(world))

    assert came_of(app, world, email_id) == ("held", "through_a_group")
    with at(app, world.maple):
        assert messages() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Authentication_Results": FAILED},
        {
            "Authentication_Results": "mx.maple.example; dmarc=pass header.from=maple.example",
            "X_Original_Authentication_Results": "mx.google.com; dmarc=fail (p=REJECT) header.from=maple.example",
        },
    ],
    ids=["the group is forged", "the writer was refused"],
)
def test_what_failed_a_check_is_held(app: Flask, world: World, headers: dict[str, str]) -> None:
    vouch_for(app, world)

    email_id = comes_in(app, world.maple, by_group(world, **headers))

    assert came_of(app, world, email_id) == ("held", "failed_authentication")


def test_a_stranger_behind_a_group_is_a_stranger(app: Flask, world: World) -> None:
    passed = vouch_for(app, world)

    email_id = comes_in(
        app, world.maple, by_group(world, "mallory@evil.example", Authentication_Results=passed)
    )

    assert came_of(app, world, email_id) == ("held", "unknown_sender")


def test_nobody_works_at_the_desk_through_a_group(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number)
    passed = vouch_for(app, world)

    comes_in(
        app,
        world.maple,
        by_group(
            world, world.tess.email, message_id="<1@x>", In_Reply_To=sent, Authentication_Results=passed
        ),
    )

    with at(app, world.maple):
        assert len(replies_of(number)) == 1
        assert [one.to_address for one in messages()[1:]] == [world.tess.email]


def test_a_person_is_no_group(app: Flask, world: World) -> None:
    passed = vouch_for(app, world)
    raw = by_group(world, sender=f"'Nora Bell' via Help <{world.ortiz.email}>", Authentication_Results=passed)

    comes_in(app, world.maple, raw)

    with at(app, world.maple):
        assert db.session.scalars(select(Ticket)).one().requester_id == world.ortiz.person_id


def test_a_list_of_another_domain_is_believed_in_nothing(app: Flask, world: World) -> None:
    email_id = comes_in(app, world.maple, by_group(world, sender="'Nora Bell' via X <x@lists.example>"))

    assert came_of(app, world, email_id) == ("held", "unknown_sender")


def test_our_own_mail_through_a_group_is_a_loop(app: Flask, world: World) -> None:
    passed = vouch_for(app, world)
    raw = by_group(world, X_FrontOffice_Loop=str(world.maple.id), Authentication_Results=passed)

    assert came_of(app, world, comes_in(app, world.maple, raw)) == ("discarded", "loop")
    with at(app, world.maple):
        assert db.session.scalar(select(func.count(Ticket.id))) == 0
