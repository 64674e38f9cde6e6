"""Whom a provider's number stands for: the account that it opens. Never found by an address, which changes hands."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.auth.models.account import Account
from app.core import clock
from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.integrations.openid.id_token import Somebody
from app.integrations.openid.providers import PROVIDERS


class SignInIdentity(DistrictOwned, Base):
    """One account at one provider."""

    __tablename__ = "sign_in_identities"
    __keeping__ = Keeping("staff", "as long as the account", exported=True, erased="delete")
    __table_args__ = owned(
        points_at("account_id", "accounts"),
        points_at("accepted_by_id", "accounts"),
        UniqueConstraint("district_id", "issuer", "tenant", "subject"),
        UniqueConstraint("district_id", "account_id", "word"),
        CheckConstraint("word in ('google','microsoft')", name="word"),
        CheckConstraint("(word = 'microsoft') = (tenant <> '')", name="tenant_of_microsoft"),
        CheckConstraint("subject <> ''", name="subject_is_known"),
    )
    FOUND_BY = ("id",)

    account_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    word: Mapped[str] = mapped_column(info=PUBLIC)
    issuer: Mapped[str] = mapped_column(info=PUBLIC)
    tenant: Mapped[str] = mapped_column(default="", info=PUBLIC)
    #: Google's `sub`, Microsoft's `oid`.
    subject: Mapped[str] = mapped_column(info=PERSONAL)
    #: The admin who accepted it; null if the rule did, or the person themselves.
    accepted_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: Ids of the app roles that mean something here, as the last ID token told them (actions/directory_roles.py).
    groups: Mapped[list[str]] = mapped_column(default=list, server_default="[]", info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    account: Mapped[Account] = relationship(
        primaryjoin=lambda: foreign(SignInIdentity.account_id) == Account.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The one of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def of(cls, somebody: Somebody) -> Self | None:
        """The one that the provider's numbers name."""
        return db.session.scalar(
            select(cls).where(
                cls.issuer == somebody.issuer,
                cls.tenant == somebody.tenant,
                cls.subject == somebody.subject,
            )
        )

    @classmethod
    def of_account(cls, account_id: UUID) -> Sequence[Self]:
        """The ways into an account besides its password."""
        return db.session.scalars(select(cls).where(cls.account_id == account_id).order_by(cls.word)).all()

    @classmethod
    def in_group(cls, group_id: UUID) -> Sequence[Self]:
        """Those whose ID token said that they are in it."""
        return db.session.scalars(select(cls).where(cls.groups.contains([str(group_id)]))).all()

    @property
    def provider_name(self) -> str:
        """Which of the two."""
        return PROVIDERS[self.word].name
