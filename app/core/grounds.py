"""What a notice to a family rests on: a room says on its card what it has them told, and whether it still stands.

The mail room has never heard of absences. It keeps a reference (a kind and an id), and asks whose kind it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from flask import current_app

from app.core.actor import Actor


@dataclass(frozen=True)
class Wanted:
    """A notice that a room has families told: for what, and what the law has it say since when."""

    #: Stable: "us-ca.truant.1". A template is made for it.
    key: str
    title: str
    #: The law, as it is cited; "" for what no law asks for.
    authority: str = ""
    #: From which day on these contents are asked for.
    since: date | None = None
    #: The law's word for each item, and how it is put to a person.
    contents: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Grounds:
    """The card of one kind of reference."""

    #: As a notice's reference names it: "firing".
    kind: str
    #: The notices that are sent for it.
    wanted: Callable[[], Sequence[Wanted]]
    #: Why a notice that rests on this id may not leave any more, in a sentence; "" while it may.
    why_not: Callable[[UUID], str]
    #: The endpoint of the page that shows what is behind it, by its id, and who may open that; "" if there is none.
    shown_at: str = ""
    may_see: Callable[[Actor, UUID], bool] = lambda who, id: False
    #: What the room knows of the values of such a text. Nobody may say otherwise without saying why.
    values: Callable[[UUID], Mapping[str, str]] = lambda _: {}
    #: Whether whom such a notice reached is told, where it does not stand any more.
    corrects: Callable[[UUID], bool] = lambda _: False
    #: Why what is told for this must be in the family's language, in a sentence; "" where no law says so.
    must_be_theirs: Callable[[UUID], str] = lambda _: ""
    #: What this is, in a few words: "Truant (three days)".
    called: Callable[[UUID], str] = lambda _: ""
    #: What became of a notice asks for a person: the sentence says what, and "" that it is over.
    trouble: Callable[[UUID, str], None] = lambda _, __: None


def grounds() -> dict[str, Grounds]:
    """Every room's, by kind."""
    return {one.kind: one for room in current_app.extensions.get("rooms", ()) for one in room.grounds}


def wanted() -> list[Wanted]:
    """Every notice that a room has families told, by title."""
    found = [one for card in grounds().values() for one in card.wanted()]
    return sorted(found, key=lambda one: (one.title, one.key))


def shown_at(kind: str, id: UUID, who: Actor) -> str:
    """The endpoint of the page that shows them what is behind it; "" where there is none, or none for them."""
    card = grounds().get(kind)
    return card.shown_at if card and card.shown_at and card.may_see(who, id) else ""


def called(kind: str, id: UUID) -> str:
    """What that is, in a few words; "" where no room says so."""
    card = grounds().get(kind)
    return card.called(id) if card else ""


def why_not(kind: str, id: UUID) -> str:
    """Why what rests on this may not leave any more; "" while it may. What no room knows does not stand."""
    card = grounds().get(kind)
    return card.why_not(id) if card else "Nothing here says any more that this notice is to be sent."


def corrects(kind: str, id: UUID) -> bool:
    """Whether whom a notice of this reached is told that it does not stand any more."""
    card = grounds().get(kind)
    return card is not None and card.corrects(id)


def must_be_theirs(kind: str, id: UUID) -> str:
    """Why what is told for this must be in the family's language; "" where no law says so."""
    card = grounds().get(kind)
    return card.must_be_theirs(id) if card else ""


def values(kind: str, id: UUID) -> Mapping[str, str]:
    """What is known of the values of what rests on this."""
    card = grounds().get(kind)
    return card.values(id) if card else {}


def trouble(kind: str, id: UUID, sentence: str) -> None:
    """Tell the room that stands for it that a person is needed; "" if none is any more."""
    card = grounds().get(kind)
    if card is not None:
        card.trouble(id, sentence)
