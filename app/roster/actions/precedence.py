"""Where a source stands among the others and the office, while an import of it is decided; and how that is changed.

What somebody's page shows is the word of the first who says anything. What nobody above says any more, because they
leave it blank, have the person no longer, or are not asked any more, may be said by the next, 60 days later. A file is
never too old: it is a connection that should have been heard.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.db import db
from app.roster.actions.refused import Refused
from app.roster.models.precedence import BESIDE, CONTACTS, GROUPS, HAND, SILENT_AFTER, Precedence
from app.roster.models.roster_connection import RosterConnection
from app.roster.models.roster_source import RosterSource
from app.roster.models.source_person import SourcePerson

AT_ONCE = "Somebody else changed this order at the same moment. Look at it once more."


@dataclass(frozen=True)
class Standing:
    """Of one source, group by group."""

    #: The sources that go before it, as far as they are still heard.
    above: Mapping[str, Collection[UUID]]
    #: Where what the office wrote goes before it.
    below_hand: Collection[str]
    has_others: bool
    #: What was said for the last time before that counts no more.
    since: datetime

    @classmethod
    def of(cls, source_id: UUID, *, families: bool = False) -> "Standing":
        """As it is now. `families`: sources that never told of students and guardians are none."""
        sources = {
            one.kind: one
            for one in db.session.scalars(RosterSource.all())
            if one.id == source_id or not families or SourcePerson.has_families(one.id)
        }
        mine = next(kind for kind, one in sources.items() if one.id == source_id)
        since = clock.now() - SILENT_AFTER
        heard = {kind for kind, one in sources.items() if kind != mine and _is_heard(one, since)}
        before = {about: order[: order.index(mine)] for about, order in Precedence.orders().items()}
        return cls(
            above={
                about: {sources[kind].id for kind in kinds if kind in heard}
                for about, kinds in before.items()
            },
            below_hand={about for about, kinds in before.items() if HAND in kinds or about in BESIDE},
            has_others=len(sources) > 1,
            since=since,
        )

    @property
    def is_plain(self) -> bool:
        """True for the only source of a district, behind the office: its words count as long as nobody else's do."""
        return not self.has_others and len(self.below_hand) == len(GROUPS)

    def stays(self, about: str, here: Any, said: Any, others: Sequence[SourcePerson]) -> bool:
        """Whether what stands here stays, whatever the source says now.

        `said`: what it said last; None for nothing. `others`: the person's records of all other sources.
        """
        if any(one.source_id in self.above[about] and one.still_says(about, self.since) for one in others):
            return True
        is_the_offices = here not in (None, said) and all(one.word(about) != here for one in others)
        return is_the_offices and about in self.below_hand

    def another_names_one(self, kind: str, others: Sequence[SourcePerson]) -> bool:
        """Whether a source that goes before this one names a way of that kind to reach a guardian."""
        return any(
            one.source_id in self.above[CONTACTS] and one.still_names(kind, self.since) for one in others
        )

    def asked(self) -> dict[str, Any]:
        """For the questions about families, which are decided by the database."""
        return {
            "among": self.has_others,
            "since": self.since,
            **{f"above_{about}": list(ids) for about, ids in self.above.items()},
            **{f"below_hand_{about}": about in self.below_hand for about in GROUPS},
        }


def move(about: str, who: str, *, up: bool) -> None:
    """One place up or down in the order of a group. Nobody is changed before the next import. Raises Refused."""
    order = Precedence.orders().get(about, [])
    if who not in order:
        raise Refused("That is none of this district's sources. Look at the page once more.")
    place = order.index(who)
    other = place + (-1 if up else 1)
    if not 0 <= other < len(order):
        raise Refused("It stands at the end already.")
    order[place], order[other] = order[other], order[place]
    try:
        with db.session.begin_nested():
            Precedence.put(about, order)
    except IntegrityError as error:
        raise Refused(AT_ONCE) from error


def elsewhere(source_id: UUID, people_ids: Collection[UUID]) -> dict[UUID, list[SourcePerson]]:
    """What all other sources said of these people, those that left a source included; by person."""
    asked = select(SourcePerson).where(
        SourcePerson.person_id.in_(people_ids), SourcePerson.source_id != source_id, SourcePerson.speaks
    )
    found: dict[UUID, list[SourcePerson]] = {}
    for one in db.session.scalars(asked):
        found.setdefault(one.person_id, []).append(one)
    return found


def _is_heard(source: RosterSource, since: datetime) -> bool:
    connection = None if source.is_uploaded else RosterConnection.of_source(source.id)
    return connection is None or (connection.worked_at or source.made_at) > since
