"""The watch: reads every measure once a minute, asks the rules of the alarms, and tells the operator by mail.

It runs beside the timetable (jobs/schedule.py), which hands it the way to all districts. Of several such
processes one watches, whichever comes first in that minute. That the watch itself stands still, nobody here can
tell: /metrics shows the age of its readings, and `flask check` fails.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Event
from typing import Final

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import alarms, quotas, readings
from app.core.alarms import BY_NAME, News
from app.core.logs import facts
from app.core.measures import every_measure
from app.core.queue import PermanentFailure, TryAgain
from app.notices.actions import operator_mail

EVERY: Final = 60.0
#: After a mail that could not be sent.
PAUSE: Final = 5
#: Any number that nothing else here locks.
ONE_AT_A_TIME: Final = 7_204_118

Across = Callable[[], AbstractContextManager[Session]]

log = logging.getLogger("frontoffice.watch")


def keep_watch(app: Flask, stop: Event, across: Across) -> None:
    """Look until told to stop. A database that is away for a while does not end it."""
    quiet_for = 0
    with app.app_context():
        while not stop.is_set():
            try:
                look(across)
                if quiet_for > 0:
                    quiet_for -= 1
                elif not tell(across):
                    quiet_for = PAUSE
            except Exception as error:  # noqa: BLE001 - it must outlive whatever happens to one look
                log.error("A look was not finished: %s", type(error).__name__)
            stop.wait(EVERY)


def look(across: Across) -> None:
    """Read, keep and judge, unless another process is just at it."""
    with across() as session:
        if not session.scalar(select(func.pg_try_advisory_xact_lock(ONE_AT_A_TIME))):
            return
        readings.beat(session, "watch")
        quotas.add_up(session)
        known, unknown = readings.read_all(session, every_measure())
        readings.keep(session, known)
        changed = alarms.evaluate(session, known)
    for name in unknown:
        log.error("%s could not be read", name, extra=facts(measure=name))
    for event, rule, about in changed:
        log.warning(
            "alarm %s %s: %s",
            rule,
            event.value,
            about,
            extra=facts(alarm=rule, about=about, event=event.value),
        )


def tell(across: Across) -> bool:
    """Write the operator one mail about everything that is new; False if it could not be sent."""
    if not operator_mail.can_be_written():
        return True
    with across() as session:
        news = alarms.take_news(session)
    if not news:
        return True
    try:
        operator_mail.write(subject_of(news), text_of(news))
    except (TryAgain, PermanentFailure) as answer:
        log.error("The operator could not be told: %s", answer)
    except Exception as error:  # noqa: BLE001 - whatever it was, the news must be given back
        log.error("The operator could not be told: %s", type(error).__name__)
    else:
        log.info("The operator was told of %d alarms.", len(news))
        return True
    with across() as session:
        alarms.give_back(session, news)
    return False


#: More than a person reads in one mail; `flask check` lists all.
MOST_TOLD: Final = 40
HEADINGS: Final = {
    alarms.Event.RAISED: "New",
    alarms.Event.LASTS: "Still so",
    alarms.Event.OVER: "Over",
}


def subject_of(news: list[News]) -> str:
    """What it is about, by the names of the rules."""
    counts = {event: sum(1 for one in news if one.event is event) for event in alarms.Event}
    words = {"raised": "new", "lasts": "still on", "over": "over"}
    said = ", ".join(f"{count} {words[event.value]}" for event, count in counts.items() if count)
    names = list(dict.fromkeys(one.rule for one in news))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"Alarms ({said}): {', '.join(names[:3])}{more}"


def text_of(news: list[News]) -> str:
    """Each with what to do."""
    parts = []
    for event, heading in HEADINGS.items():
        of_it = [one for one in news if one.event is event]
        if not of_it:
            continue
        lines = [f"{heading}:"]
        for one in of_it[:MOST_TOLD]:
            lines += ["", f"  {one.sentence}", f"  Since {one.since:%Y-%m-%d %H:%M} UTC. Alarm: {one.rule}."]
            if event is not alarms.Event.OVER and one.rule in BY_NAME:
                lines.append(f"  {one.to_do}")
        if len(of_it) > MOST_TOLD:
            lines += ["", f"  And {len(of_it) - MOST_TOLD} more."]
        parts.append("\n".join(lines))
    return "\n\n".join(
        [*parts, "`flask --app wsgi check` lists every alarm that is on; docs/operations.md explains them."]
    )
