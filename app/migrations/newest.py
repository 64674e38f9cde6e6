"""The number of the newest migration that this code brings along."""

from pathlib import Path
from typing import Final

VERSIONS: Final = Path(__file__).parent / "versions"


def newest() -> str:
    """The four digits that alembic_version holds once the database is as new as the code."""
    return max(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))
