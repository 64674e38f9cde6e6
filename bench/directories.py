"""`make bench-directories`: 50,000 people from Google Directory and Entra users, with every fault that there is.

`python -m bench.directories [people] --kind google_directory`. At each third question something goes wrong; now and
then the directory forgets where reading was to go on, and the worker is killed between any two steps (SIGKILL to its
process). At the end the people are compared with the directory by number: lost, doubled, somebody else's words. Then
ten are suspended and all is read again. The directory stands in this process, so its work is not counted.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.directory import district_by_slug
from app.core.settings import get_settings
from app.core.tenancy import as_district
from app.factory import create_app
from app.roster.actions import connecting, grouping, importing
from app.roster.actions.grouping import Meaning
from app.roster.models.person import Person
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import ENTRA_USERS, GOOGLE_DIRECTORY
from app.roster.models.source_person import SourcePerson
from bench.database import durable
from bench.phases import in_a_process
from bench.roster import _open
from bench.settled import settled_in
from tests import directory_peer
from tests.directory_peer import Peer
from tests.directory_people import Somebody
from tests.roster.directories import connect, key_of

PAGE: Final = 100
FAULTS: Final = ("429", "500", "html", "cut", "401", "again", "overlap")
#: Seconds after which a worker is killed, at random between; the next pair after twenty deaths each. Short lives end
#: while pages are asked for, longer ones also while they are read, compared and applied.
LIVES: Final = ((1.0, 6.0), (4.0, 12.0), (8.0, 30.0))
DEATHS_OF_EACH: Final = 20
PATIENCE: Final = 3600


class Trouble:
    """At each third question, one kind after another; and now and then a place is forgotten."""

    def __init__(self, kind: str) -> None:
        self.kinds = [*FAULTS, *(["403"] if kind == GOOGLE_DIRECTORY else [])]
        self.told: Counter[str] = Counter()
        self.forget_at = {150, 600}

    def __call__(self, path: str, nth: int) -> str:
        if path.endswith(("token", "delta")):
            return ""
        if nth in self.forget_at:
            self.told["forgotten"] += 1
            return "forgotten"
        if nth % 3:
            return ""
        fault = self.kinds[nth // 3 % len(self.kinds)]
        self.told[fault] += 1
        return fault


def main() -> int:
    """One kind after the other; 1 if anybody was lost, doubled, or somebody else."""
    order = argparse.ArgumentParser(prog="bench.directories")
    order.add_argument("people", nargs="?", type=int, default=50_000)
    order.add_argument("--kind", choices=(GOOGLE_DIRECTORY, ENTRA_USERS))
    order.add_argument("--seed", type=int, default=random.randrange(10**6))
    asked = order.parse_args()
    print(f"seed {asked.seed}")
    wrong = 0
    for kind in [asked.kind] if asked.kind else [GOOGLE_DIRECTORY, ENTRA_USERS]:
        wrong += _whole(kind, asked.people, random.Random(asked.seed))
    return 1 if wrong else 0


def _whole(kind: str, people: int, dice: random.Random) -> int:
    folder = Path(tempfile.mkdtemp(prefix="fo-directories-"))
    folder.chmod(0o711)  # PostgreSQL's keeper passes through
    try:
        with directory_peer.running() as peer, durable(folder / "here") as environment:
            peer.people, peer.most = [Somebody(nth) for nth in range(1, people + 1)], PAGE
            peer.groups = {"techs@maple.example": peer.people[: people // 200]}
            in_a_process(environment, _open, "bench", False)
            in_a_process(environment, lambda: _there(peer, lambda: _set_up(kind)))
            peer.trouble = trouble = Trouble(kind)
            began, deaths = time.monotonic(), 0
            deaths += _sync(environment, peer, kind, dice)
            told = in_a_process(environment, lambda: _there(peer, lambda: _compared(peer, kind)))
            seconds = time.monotonic() - began
            wrong = int(told.split()[-1])
            print(
                f"{kind}: {people:,} people in {seconds:.0f} s, {peer.calls:,} questions, "
                f"{sum(trouble.told.values()):,} of them faulty, {deaths} workers killed"
            )
            print(f"  {dict(trouble.told)}")
            print(f"  lost, doubled, other words, gone: {told.split()[-4:]}", flush=True)
            for one in peer.people[:10]:
                one.active = False
            deaths = _sync(environment, peer, kind, dice)
            left = in_a_process(environment, lambda: _there(peer, lambda: _left(peer, kind))).split()[-1]
            print(
                f"  ten suspended, {deaths} workers killed: {left} of them still active, or others not",
                flush=True,
            )
            return wrong + int(left)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sync(environment: dict[str, str], peer: Peer, kind: str, dice: random.Random) -> int:
    """Begin one and have it done by workers that are killed; how many were."""
    in_a_process(environment, lambda: _there(peer, lambda: _begin(kind)))
    deaths, until = 0, time.monotonic() + PATIENCE
    while time.monotonic() < until:
        turn = deaths // DEATHS_OF_EACH
        life = dice.uniform(*LIVES[turn]) if turn < len(LIVES) else PATIENCE
        child = os.fork()
        if child == 0:
            try:
                with settled_in(environment), create_app().app_context():
                    _there(peer, _go_on)
                os._exit(0)
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
        ends = time.monotonic() + life
        while time.monotonic() < ends:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                if status:
                    raise SystemExit("a worker failed")
                return deaths
            time.sleep(0.02)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        deaths += 1
    raise SystemExit("it never came to an end")


def _there(peer: Peer, act: Callable[[], str]) -> str:
    """In the district, with the directory where it stands."""
    card = district_by_slug("bench")
    assert card is not None
    with pytest.MonkeyPatch.context() as patch, as_district(card.id), acting_as(SYSTEM):
        directory_peer.stand_in(patch, get_settings(), peer)
        return act()


def _set_up(kind: str) -> str:
    connect(kind)
    grouping.add(kind, Meaning(what="everybody"))
    if kind == GOOGLE_DIRECTORY:
        grouping.add(kind, Meaning(what="group", name="techs@maple.example"))
    db.session.commit()
    return ""


def _begin(kind: str) -> str:
    connecting.sync(kind, by=SYSTEM)
    db.session.commit()
    return ""


def _go_on() -> str:
    """Until nothing is left to do, without heeding how long the directory asked us to stay away."""
    while (run := RosterImport.under_way()) is not None:
        run_id: UUID = run.id
        if run.state == "ready":
            importing.approve(run, removals=True)
        run.pauses = 0  # so many faults in a row are the bench's doing
        db.session.commit()
        importing.advance(run_id)
        db.session.commit()
        db.session.expunge_all()
    return ""


def _compared(peer: Peer, kind: str) -> str:
    here = dict(_by_key())
    there = {key_of(kind, one): one for one in peer.people}
    lost = len(there.keys() - here.keys())
    count = db.session.scalar(select(func.count(Person.id)).where(Person.source == "sync")) or 0
    doubled = count - len(there)
    others = sum(here[key] != (one.given, one.family, one.email) for key, one in there.items() if key in here)
    wrong = lost + abs(doubled) + others
    return f"{lost} {doubled} {others} {wrong}"


def _by_key() -> list[tuple[str, tuple[str, str, str | None]]]:
    asked = select(SourcePerson.key, Person.given_name, Person.family_name, Person.email).join(
        Person, Person.id == SourcePerson.person_id
    )
    return [(row.key, (row.given_name, row.family_name, row.email)) for row in db.session.execute(asked)]


def _left(peer: Peer, kind: str) -> str:
    asked = select(SourcePerson.key, Person.active).join(Person, Person.id == SourcePerson.person_id)
    here = {row.key: row.active for row in db.session.execute(asked)}
    return str(sum(here.get(key_of(kind, one)) is not one.active for one in peer.people))


if __name__ == "__main__":
    sys.exit(main())
