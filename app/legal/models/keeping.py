"""How long things are kept, as the public reads it: what each model declares, and nothing beside it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from app.core.records import every_model, keeping_of


@dataclass(frozen=True)
class Kept:
    """One kind of row."""

    what: str
    whose: str
    how_long: str
    exported: bool
    when_erased: str


def kept() -> Iterator[Kept]:
    """Every table of the house, by name."""
    for model in every_model():
        keeping = keeping_of(model)
        line = Kept(
            what=str(model.__tablename__).replace("_", " ").capitalize(),
            whose=keeping.whose,
            how_long=HOW_LONG.get(keeping.keep, keeping.keep),
            exported=keeping.exported,
            when_erased=keeping.erased,
        )
        yield replace(line, when_erased=line.when_erased.removeprefix("keep: ").capitalize())


#: A word of the declarations, said in full.
HOW_LONG = {
    "the contract": "As long as the district works here",
    "ticket": "As long as the district works here; nothing removes a ticket by itself",
    "audit": "As long as the district works here",
    "as long as the account": "As long as the person's account",
}
