"""How long things are kept, as the public reads it: what each model declares, and nothing beside it."""

from dataclasses import dataclass
from typing import Final

from app.core.records import every_model, keeping_of

NIGHTLY: Final = "Each night"
ALL_THE_TIME: Final = "All the time"
NOT_YET: Final = "Not by itself yet"

#: The classes that models declare, said in full, and whether a job of the timetable clears them away.
CLASSES: Final = {
    "the contract": ("As long as the district works here", NOT_YET),
    "ticket": ("With its ticket, and tickets stay as long as the district works here", NOT_YET),
    "audit": ("As long as the district works here", NOT_YET),
    "as long as they work here, and one year": ("As long as they work here, and one year", NOT_YET),
    "as long as they work or go to school here, and one year": (
        "As long as they, or a student they belong to, work or go to school here, and one year",
        NOT_YET,
    ),
    "as long as they run it": ("As long as they are an operator of this deployment, and its log", NOT_YET),
    "as long as the roster has them": ("As long as the school's roster has the student", NOT_YET),
    "until the year after is opened; of those who left, as long as the roster has them": (
        "Until the school year after is opened; of those who left, as long as the roster has them",
        "When the year after is opened",
    ),
    "as long as the account": ("As long as the account", NOT_YET),
    "mail that came in": ("With its ticket; 30 days if nobody filed it", NIGHTLY),
    "24 hours": ("24 hours", NIGHTLY),
    "a day": ("A day", NIGHTLY),
    "30 days after it ended": ("30 days after it ended", NIGHTLY),
    "30 days after the import": (
        "30 days after the import; its file until it ended, 7 days at most",
        NIGHTLY,
    ),
    "until the sync is over, 7 days at most": ("Until the sync is over, 7 days at most", ALL_THE_TIME),
    "30 days after it came": ("30 days after it came", NIGHTLY),
    "30 days after it ran out": ("30 days after it ran out", NIGHTLY),
    "60 days after mail came back": ("60 days after mail to it came back", NIGHTLY),
    "90 days after they last tried": ("90 days after they last tried", NIGHTLY),
    "90 days after it was over": ("90 days after it was over", ALL_THE_TIME),
    "until the next": ("Until the next one takes its place", ALL_THE_TIME),
    "until it is done": ("Until it is done, mostly within a minute", ALL_THE_TIME),
    "until it is done; 30 days if it failed": ("Until it is done; 30 days if it failed", NIGHTLY),
}


@dataclass(frozen=True)
class Kept:
    """One kind of record."""

    what: str
    whose: str
    how_long: str
    cleared_away: str
    when_erased: str

    @property
    def is_about_people(self) -> bool:
        """False for rooms, switches, counters and the like."""
        return self.whose != "Nobody"


def kept() -> list[Kept]:
    """Every table of the house, by name."""
    return [_kept(model.__tablename__, *_declared(model)) for model in every_model()]


def _declared(model: type) -> tuple[str, str, str]:
    keeping = keeping_of(model)
    return keeping.whose, keeping.keep, keeping.erased


def _kept(table: str, whose: str, keep: str, erased: str) -> Kept:
    how_long, cleared_away = CLASSES.get(keep, (keep, NOT_YET))
    return Kept(
        what=table.replace("_", " ").capitalize(),
        whose=whose.capitalize(),
        how_long=how_long,
        cleared_away=cleared_away,
        when_erased={"delete": "Deleted", "anonymise": "Kept without the name"}.get(
            erased, "Stays: " + erased.removeprefix("keep: ")
        ),
    )
