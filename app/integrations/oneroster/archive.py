"""The zip of a OneRoster export."""

from typing import IO, Final

from app.core.zipped import Zipped

#: What is read, by the name that the standard gives it.
READ: Final = ("manifest.csv", "orgs.csv", "users.csv", "roles.csv")
#: Read only where classes are taken in.
OF_CLASSES: Final = ("academicSessions.csv", "courses.csv", "classes.csv", "enrollments.csv")


class Archive(Zipped):
    """The files of one export, by the name that the standard gives them."""

    def __init__(self, stream: IO[bytes], *, classes: bool = False) -> None:
        """`classes`: their files are read, too. Raises Unreadable."""
        super().__init__(stream, (*READ, *(OF_CLASSES if classes else ())))
