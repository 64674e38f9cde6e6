"""What a district is registered as at Google or Microsoft, so that its staff can sign in there."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Self

from sqlalchemy import CheckConstraint, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock, services
from app.core.audit import AuditEntry
from app.core.crypto import Sealed
from app.core.db import Base, db
from app.core.directory import domains_of
from app.core.expiring import Expiring
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, current_district_id, owned
from app.integrations.openid.providers import PROVIDERS, Provider, Registration

#: As the audit log calls it.
REFUSED: Final = "sign-in refused"
TOLD_EVERY: Final = timedelta(minutes=1)
WORDS: Final = tuple(sorted(PROVIDERS))


class SignInProvider(Expiring, DistrictOwned, Base):
    """One district at one provider. Whether it is in use says the switch of the outside service."""

    __tablename__ = "sign_in_providers"
    __keeping__ = Keeping("nobody", "the contract", exported=False, erased="keep: no personal data")
    __table_args__ = owned(
        UniqueConstraint("district_id", "word"),
        CheckConstraint("word in ('google','microsoft')", name="word"),
        CheckConstraint("tenant = lower(tenant) and domains = lower(domains)", name="lower_case"),
    )

    word: Mapped[str] = mapped_column(info=PUBLIC)
    client_id: Mapped[str] = mapped_column(default="", info=PUBLIC)
    client_secret_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    client_secret = Sealed("client_secret_sealed")
    #: Microsoft: the district's own tenant, a GUID in lower case.
    tenant: Mapped[str] = mapped_column(default="", info=PUBLIC)
    #: Google: whose people come in, with spaces between; "" for every domain of the district.
    domains: Mapped[str] = mapped_column(default="", info=PUBLIC)
    #: One more with each change: nothing that was begun or read under an older one counts.
    version: Mapped[int] = mapped_column(default=1, info=PUBLIC)
    worked_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    failed_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: What was wrong then, in a sentence of ours: nothing of a person stands in it.
    failure: Mapped[str] = mapped_column(default="", info=PUBLIC)

    @classmethod
    def of(cls, word: str) -> Self | None:
        """This district's, if its admin has set one up."""
        return db.session.scalar(select(cls).where(cls.word == word))

    @classmethod
    def in_use(cls) -> "Iterator[SignInProvider]":
        """Those that staff of this district can sign in with now."""
        set_up = {one.word: one for one in db.session.scalars(select(SignInProvider))}
        return (set_up[word] for word in WORDS if word in set_up and set_up[word].is_in_use())

    def is_in_use(self) -> bool:
        """Turned on, and nothing is missing."""
        return not self.missing() and services.is_on(self.provider.service)

    @property
    def secret_of(self) -> str:
        """As Expiring has it."""
        return f"signing in with {self.provider.name}"

    @property
    def without_it(self) -> str:
        """As Expiring has it."""
        return f"Nobody can sign in with {self.provider.name}."

    @property
    def kept_at(self) -> str:
        """As Expiring has it."""
        return f"/admin/services/{self.provider.service}"

    def missing(self) -> str:
        """What must be filled in before it can be used, or ""."""
        needed = {"the client ID": self.client_id, "the client secret": self.client_secret_sealed}
        if self.provider.has_tenants:
            needed["the tenant ID"] = self.tenant
        return " and ".join(what for what, value in needed.items() if not value)

    @property
    def provider(self) -> Provider:
        """Which of the two."""
        return PROVIDERS[self.word]

    def registration(self) -> Registration:
        """What the provider is told. The domains are the district's own, whatever was written once."""
        own = domains_of(current_district_id())
        return Registration(
            provider=self.provider,
            known_as=f"{current_district_id()} {self.word} {self.version}",
            client_id=self.client_id,
            client_secret=self.client_secret or "",
            tenant=self.tenant,
            domains=own & set(self.domains.split()) if self.domains else own,
        )

    def latest_failures(self) -> Sequence[tuple[datetime, str]]:
        """When somebody was not signed in lately, and why: the newest first."""
        refused = (
            select(AuditEntry.at, AuditEntry.changes)
            .where(AuditEntry.which == self.id, AuditEntry.did == REFUSED)
            .order_by(AuditEntry.position.desc())
            .limit(5)
        )
        return [(at, str(changes.get("why", ""))) for at, changes in db.session.execute(refused)]

    # Not through the row, for the audit log would tell each sign-in twice.

    def worked(self) -> None:
        """Somebody signed in. Told once a minute: a whole school comes at eight."""
        if self.worked_at is None or self.worked_at <= clock.now() - TOLD_EVERY:
            self._note(worked_at=clock.now())

    def failed(self, sentence: str) -> None:
        """It did not, and why."""
        self._note(failed_at=clock.now(), failure=sentence[:300])

    def _note(self, **values: object) -> None:
        cls = type(self)
        db.session.execute(
            update(cls).where(cls.id == self.id).values(**values).execution_options(synchronize_session=False)
        )
