"""Every kind of source that we ask ourselves, and what asks it. A new one is a line here, and its name in NAMES."""

from typing import Final

from app.core.fetching import Connector
from app.integrations.groupcall.client import GroupcallConnector
from app.integrations.oneroster.rest import OneRosterRest
from app.integrations.wonde.client import WondeConnector
from app.roster.actions import directories
from app.roster.models.roster_source import ENTRA_USERS, GOOGLE_DIRECTORY, GROUPCALL, ONEROSTER_REST, WONDE

#: By RosterSource.kind.
CONNECTORS: Final[dict[str, Connector]] = {
    ONEROSTER_REST: OneRosterRest(),
    GOOGLE_DIRECTORY: directories.GOOGLE,
    ENTRA_USERS: directories.ENTRA,
    WONDE: WondeConnector(),
    GROUPCALL: GroupcallConnector(),
}


def kind_of_service(service: str) -> str | None:
    """The kind of source behind an outside service, if there is one."""
    return next((kind for kind, one in CONNECTORS.items() if one.service == service), None)
