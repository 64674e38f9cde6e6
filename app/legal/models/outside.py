"""The outside services as the public reads them: the registry of core/services.py and nothing beside it."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from app.core.services import Hand, OutsideService, built_services, hosts_in_use
from app.core.tenancy import district_in_force

ON: Final = "on"
OFF: Final = "off"
EACH_DISTRICT: Final = "decided by each district"


@dataclass(frozen=True)
class Line:
    """One service, and whether it is in use."""

    key: str
    name: str
    company: str
    purpose: str
    passes: str
    location: str
    hosts: tuple[str, ...]
    turned_on_by: str
    state: str
    since: date | None
    link: str

    def as_plain(self) -> dict[str, Any]:
        """For the JSON and CSV files: words and lists alone."""
        return asdict(self) | {
            "since": self.since.isoformat() if self.since else "",
            "hosts": list(self.hosts),
        }


def lines() -> list[Line]:
    """Every service that can be in use here, on or off. What is only planned is not listed."""
    return [_line(one) for one in built_services()]


def _line(one: OutsideService) -> Line:
    in_use = hosts_in_use(one.key)
    if one.turned_on_by is Hand.DISTRICT and district_in_force() is None:
        state = EACH_DISTRICT
    else:
        state = ON if in_use else OFF
    return Line(
        key=one.key,
        name=one.name,
        company=one.company,
        purpose=one.purpose,
        passes=one.passes,
        location=one.location,
        hosts=one.hosts or in_use,
        turned_on_by=str(one.turned_on_by),
        state=state,
        since=one.since,
        link=one.link,
    )
