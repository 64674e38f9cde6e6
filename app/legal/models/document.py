"""The legal documents, each in versions, and which of them counsel has approved.

The text of a version is a template that is never changed once approved: what changes is a new version. An
approval names the hash of the text it approves, so a text that was touched afterwards is a draft again.
Approvals are the operator's, in `legal-approvals.toml` in the instance folder, since it is the operator's
counsel who approves:

    [[approval]]
    document = "privacy"            # a slug of DOCUMENTS
    audience = "district"           # or "product" or "both", as the foot of the page says
    version = 1
    sha256 = "…"                    # as the page shows it
    by = "Name, of which firm"
    on = 2027-01-05
    effective = 2027-02-05
"""

import hashlib
import logging
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from app.core import clock
from app.core.settings import get_settings

PRODUCT: Final = "product"
DISTRICT: Final = "district"
BOTH: Final = "both"
TEXTS: Final = Path(__file__).parents[2] / "templates" / "legal" / "texts"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Approval:
    """Who approved exactly this text, when, and from when on it holds."""

    by: str
    on: date
    effective: date
    sha256: str


@dataclass(frozen=True)
class Document:
    """One version of one text, for one audience."""

    slug: str
    audience: str
    version: int
    title: str
    locale: str = "en"

    @property
    def template(self) -> str:
        """The template that holds the text of this version."""
        return f"legal/texts/{self._file}"

    @property
    def _file(self) -> str:
        return f"{self.slug}-{self.audience}-{self.version}.html"

    @cached_property
    def sha256(self) -> str:
        """Of the text as it stands, its placeholders unfilled."""
        return hashlib.sha256((TEXTS / self._file).read_bytes()).hexdigest()

    @property
    def approval(self) -> Approval | None:
        """Counsel's approval of this very text, if it is given and in force."""
        given = _approvals().get((self.slug, self.audience, self.version))
        if given is None or given.sha256 != self.sha256:
            return None
        return given if given.on <= given.effective <= clock.now().date() else None


#: Newest version first, for each slug and audience.
DOCUMENTS: Final = (
    Document("privacy", PRODUCT, 1, "Privacy"),
    Document("privacy", DISTRICT, 1, "Privacy"),
    Document("terms", PRODUCT, 1, "Terms of use"),
    Document("terms", DISTRICT, 1, "Terms of use"),
    Document("accessibility", BOTH, 1, "Accessibility"),
    Document("cookies", BOTH, 1, "Cookies"),
    Document("subprocessors", BOTH, 1, "Subprocessors"),
    Document("retention", BOTH, 1, "How long things are kept"),
    Document("trust", BOTH, 1, "Security and trust"),
)


def document(slug: str, audience: str, version: int | None = None) -> Document | None:
    """That version, or the one to show now: the newest approved, else the newest draft."""
    versions = [one for one in DOCUMENTS if one.slug == slug and one.audience in (audience, BOTH)]
    if version is not None:
        return next((one for one in versions if one.version == version), None)
    return next((one for one in versions if one.approval), versions[0] if versions else None)


_read: tuple[Path, float, dict[tuple[str, str, int], Approval]] | None = None


def _approvals() -> dict[tuple[str, str, int], Approval]:
    """The operator's file, read anew when it has changed. One that cannot be read approves nothing."""
    global _read
    path = get_settings().instance / "legal-approvals.toml"
    try:
        changed = path.stat().st_mtime
    except OSError:
        return {}
    if _read is None or _read[:2] != (path, changed):
        try:
            _read = path, changed, dict(map(_approval, tomllib.loads(path.read_text("utf-8"))["approval"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.error("%s approves nothing, for it cannot be read: %s", path.name, error)
            _read = path, changed, {}
    return _read[2]


def _approval(row: dict[str, Any]) -> tuple[tuple[str, str, int], Approval]:
    on, effective = row["on"], row["effective"]
    if type(on) is not date or type(effective) is not date or not str(row["by"]).strip():
        raise ValueError("an approval needs a name and two dates, such as 2027-01-05")
    approval = Approval(str(row["by"]), on, effective, str(row["sha256"]))
    return (str(row["document"]), str(row["audience"]), int(row["version"])), approval
