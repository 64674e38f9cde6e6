"""Every kind of system that is asked for attendance, and what asks it.

A new one is a line here, and its name in NAMES.
"""

from typing import Final

from app.core.attendance_systems import AttendanceConnector, FileConnector
from app.integrations.aeries.client import AeriesConnector
from app.integrations.clever.client import CleverConnector
from app.integrations.edfi.client import EdFiConnector
from app.integrations.file_pickup.client import FilePickup
from app.integrations.powerschool.client import PowerSchoolConnector
from app.integrations.wonde.attendance import WondeAttendanceConnector
from app.register.actions.sftp_place import SftpPlace
from app.register.models.register_connection import AERIES, CLEVER, ED_FI, FILE, POWERSCHOOL, SFTP, WONDE

#: By RegisterConnection.kind.
CONNECTORS: Final[dict[str, AttendanceConnector | FileConnector]] = {
    ED_FI: EdFiConnector(),
    AERIES: AeriesConnector(),
    CLEVER: CleverConnector(),
    WONDE: WondeAttendanceConnector(),
    POWERSCHOOL: PowerSchoolConnector(),
    FILE: FilePickup(),
    SFTP: SftpPlace(),
}


def kind_of_service(service: str) -> str | None:
    """The kind of system behind an outside service, if there is one."""
    return next((kind for kind, one in CONNECTORS.items() if one.service == service), None)
