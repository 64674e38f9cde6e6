"""Mail that a demonstration sent: never to the world, but into a folder of this machine, where it is read."""

import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Self
from uuid import UUID

from app.core.directory import district_by_id
from app.core.settings import get_settings
from app.core.tenancy import current_district_id
from app.integrations.mailbox.maildir import Maildir
from app.integrations.mailbox.parse import ParsedMail, parse
from app.roster.models.person import Person

MOST: Final = 50
_NAME = re.compile(r"[\w.-]{1,120}")


@dataclass(frozen=True)
class DemoMail:
    """One mail of this district's folder."""

    FOUND_BY = ("name",)

    name: str
    mail: ParsedMail

    @classmethod
    def find(cls, name: str) -> Self | None:
        """The mail of that file name."""
        path = _folder() / "new" / name
        return cls(name, parse(path.read_bytes())) if _NAME.fullmatch(name) and path.is_file() else None

    @classmethod
    def newest(cls) -> list[Self]:
        """The last ones, the newest first."""
        waiting = reversed(list(Maildir(_folder()).waiting()))
        return [cls(path.name, parse(path.read_bytes())) for path in islice(waiting, MOST)]

    @property
    def to_address(self) -> str:
        return self.mail.to[0].address if self.mail.to else ""

    @property
    def link(self) -> str | None:
        """A link into this house that it carries, such as an invitation's."""
        found = re.search(re.escape(get_settings().base_url) + r"/\S+", self.mail.text)
        return found[0].rstrip(".>") if found else None

    def is_to(self, person_id: UUID | None) -> bool:
        """True if it was sent to that person."""
        person = Person.find(person_id) if person_id else None
        return person is not None and bool(person.email) and person.email == self.to_address


def _folder() -> Path:
    card = district_by_id(current_district_id())
    assert card is not None
    return get_settings().instance / "mail" / card.slug
