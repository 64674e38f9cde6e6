"""What every column is, whose it is, how long it is kept, whether it is exported and how it is erased.

A model says `__keeping__ = Keeping(…)` once and each column `info=PUBLIC`, `PERSONAL` or `PRIVATE`.
The export, the eraser, retention, the audit mask and the legal pages all read these declarations.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, Table
from sqlalchemy.orm import Mapper

from app.core.db import Base

#: May be shown in the audit log by value: numbers, states, ids, names of schools and rooms.
PUBLIC: Final[dict[Any, Any]] = {"records": "public"}
#: About a person: sealed beside an audit entry and erasable there.
PERSONAL: Final[dict[Any, Any]] = {"records": "personal"}
#: Secrets and what people wrote: the audit log says only that it changed.
PRIVATE: Final[dict[Any, Any]] = {"records": "private"}
#: Beside one of them: the column is a key of core.storage, and while the row is there the file is not an orphan.
NAMES_A_FILE: Final[dict[Any, Any]] = {"names": "file"}

KINDS = frozenset({"public", "personal", "private"})


@dataclass(frozen=True)
class Keeping:
    """How a table's rows are kept.

    `whose`: the people it is about ("requester", "staff", "nobody"); `keep`: the retention class, in words
    that the public retention page shows; `exported`: part of a district's export; `erased`: what erasing a
    person does to its rows ("delete", "anonymise", "keep: <reason>").
    """

    whose: str
    keep: str
    exported: bool
    erased: str


class NotDeclared(TypeError):
    """A table or column that nobody declared."""


def kind_of(column: Column[Any]) -> str:
    """public, personal or private. Raises NotDeclared."""
    kind = column.info.get("records")
    if kind not in KINDS:
        raise NotDeclared(f"{column.table.name}.{column.name} is not declared public, personal or private.")
    return str(kind)


def keeping_of(model: type[Base]) -> Keeping:
    """The declaration of a model. Raises NotDeclared."""
    keeping = getattr(model, "__keeping__", None)
    if not isinstance(keeping, Keeping):
        raise NotDeclared(f"{model.__name__} does not say how its rows are kept.")
    return keeping


def every_model() -> Iterator[type[Base]]:
    """All mapped models, by table name."""
    mappers: list[Mapper[Any]] = sorted(Base.registry.mappers, key=lambda mapper: str(mapper.local_table))
    for mapper in mappers:
        yield mapper.class_


def every_table() -> list[Table]:
    """All tables, by name."""
    return sorted(Base.metadata.tables.values(), key=lambda table: table.name)
