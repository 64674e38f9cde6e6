"""An account: somebody who can sign in to one district. An account is an Actor."""

from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Select, UniqueConstraint, false, select
from sqlalchemy.orm import Mapped, foreign, joinedload, mapped_column, relationship

from app.auth.models import password
from app.auth.models.role_grant import RoleGrant
from app.core import clock
from app.core.actor import BRINGS, Role
from app.core.db import Base, db
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.sessions import COMES_ALONG, WebSession
from app.core.tenancy import DistrictOwned, owned, points_at
from app.roster.models.person import Person

STATES: Final = ("invited", "active", "suspended")


class Account(DistrictOwned, Base):
    """A name, an address and a password; a person of the roster where there is one."""

    __tablename__ = "accounts"
    __keeping__ = Keeping(
        "staff", "as long as they work here, and one year", exported=True, erased="anonymise"
    )
    __table_args__ = owned(
        points_at("person_id", "people"),
        UniqueConstraint("district_id", "email"),
        UniqueConstraint("district_id", "person_id"),
        Index(None, "district_id", "name", "id"),
        CheckConstraint("email = lower(email)", name="email_is_lower"),
        CheckConstraint("state in ('invited','active','suspended')", name="state"),
        CheckConstraint(
            "state <> 'active' or password_hash is not null or signs_in_elsewhere", name="active_has_a_way_in"
        ),
    )
    FOUND_BY = ("id",)

    person_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: Lower case; unique in the district, for a global one would tell Birch about Maple.
    email: Mapped[str] = mapped_column(info=PERSONAL)
    name: Mapped[str] = mapped_column(info=PERSONAL)
    password_hash: Mapped[str | None] = mapped_column(info=PRIVATE)
    #: Google or Microsoft vouches for them (SignInIdentity); then there need be no password.
    signs_in_elsewhere: Mapped[bool] = mapped_column(default=False, server_default=false(), info=PUBLIC)
    state: Mapped[str] = mapped_column(default="invited", info=PUBLIC)
    last_sign_in_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    grants: Mapped[list[RoleGrant]] = relationship(
        primaryjoin=lambda: foreign(RoleGrant.account_id) == Account.id,
        order_by=lambda: RoleGrant.id,
        lazy="selectin",
        cascade="all, delete-orphan",
    )
    person: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(Account.person_id) == Person.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The account of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def with_address(cls, email: str) -> Self | None:
        """The account with this address in this district."""
        return db.session.scalar(select(cls).where(cls.email == email.strip().lower()))

    @classmethod
    def of_person(cls, person_id: UUID) -> Self | None:
        """The account of somebody in the roster, if they have one."""
        return db.session.scalar(select(cls).where(cls.person_id == person_id))

    @classmethod
    def signed_in(cls, id: str) -> Self | None:
        """The account that a session names, unless it was suspended since, or its person no longer works here."""
        account = db.session.get(cls, UUID(id))
        return account if account is not None and account.may_sign_in() else None

    @classmethod
    def by_name(cls) -> Select[Self]:
        """All accounts, in the order of a list."""
        return select(cls).order_by(cls.name, cls.id)

    @classmethod
    def holding(cls, role: Role) -> Select[Self]:
        """Active accounts that hold a role somewhere, in the order of a list."""
        bringing = [one.value for one, brought in BRINGS.items() if role in brought]
        having = select(RoleGrant.account_id).where(RoleGrant.role.in_(bringing))
        return cls.by_name().where(cls.state == "active", cls.id.in_(having))

    def may_sign_in(self) -> bool:
        """True while it is open, and its person of the roster, if it has one, works here."""
        return self.state == "active" and (self.person is None or self.person.is_active_staff())

    def is_privileged(self) -> bool:
        """True if it can do more than ask for help."""
        return any(grant.role != Role.REQUESTER for grant in self.grants)

    def has_rights_given_here(self) -> bool:
        """True if somebody gave it more than to ask for help, and not only a group of the directory."""
        return any(grant.role != Role.REQUESTER and not grant.from_directory for grant in self.grants)

    # As an Actor: kind, has(), schools_of().

    @property
    def kind(self) -> str:
        """How the audit log calls such an actor."""
        return "account"

    def has(self, role: Role, school_id: UUID | None = None) -> bool:
        """True if they hold the role, or one that brings it along: at that school, or at any if none is named.

        Whoever has an account may ask for help.
        """
        if role is Role.REQUESTER:
            return True
        return any(
            role in BRINGS[Role(grant.role)] and (school_id is None or grant.school_id in (None, school_id))
            for grant in self.grants
        )

    def schools_of(self, role: Role) -> set[UUID] | None:
        """The schools where they hold the role; None means all."""
        if role is Role.REQUESTER:
            return None
        held = [grant.school_id for grant in self.grants if role in BRINGS[Role(grant.role)]]
        return None if None in held else {school_id for school_id in held if school_id is not None}

    # What flask-login asks of whoever is signed in.

    @property
    def is_authenticated(self) -> bool:
        """An account that was loaded for a session is signed in."""
        return True

    @property
    def is_active(self) -> bool:
        """True unless suspended, not yet accepted, or no longer of the staff."""
        return self.may_sign_in()

    @property
    def is_anonymous(self) -> bool:
        """Never."""
        return False

    def get_id(self) -> str:
        """The id, as the session names it."""
        return str(self.id)

    # What can happen to an account.

    def set_password(self, new: str) -> None:
        """Store a password that has been found good enough, and open the account if it was only invited."""
        self.password_hash = password.hashed(new)
        if self.state == "invited":
            self.state = "active"

    def knows(self, given: str) -> bool:
        """True if this is the password. Keeps a better hash of it when ours have become better."""
        if not password.matches(given, self.password_hash):
            return False
        if password.is_out_of_date(self.password_hash or ""):
            self.password_hash = password.hashed(given)
        return True

    def open_from_elsewhere(self) -> None:
        """A provider vouches for them from now on: an invitation that waits is as good as accepted."""
        self.signs_in_elsewhere = True
        if self.state == "invited":
            self.state = "active"

    def suspend(self) -> None:
        """Nobody signs in with it until it is resumed."""
        self.state = "suspended"

    def resume(self) -> None:
        """Open it again; without a way in it waits for its invitation."""
        self.state = "active" if self.password_hash or self.signs_in_elsewhere else "invited"

    def grant_of(self, role: Role, school_id: UUID | None) -> RoleGrant | None:
        """The very grant of that role for that school (None: for all)."""
        same: list[Any] = [one for one in self.grants if one.role == role and one.school_id == school_id]
        return same[0] if same else None


# Every page asks who is signed in: account, grants and person come with the session's row, in the same question.
WebSession.account = relationship(
    Account,
    primaryjoin=lambda: foreign(WebSession.account_id) == Account.id,
    lazy="raise",
    viewonly=True,
)
_SIGNED_IN: Final = joinedload(WebSession.account, innerjoin=True)  # type: ignore[attr-defined]
COMES_ALONG.extend(
    [_SIGNED_IN.joinedload(Account.grants), _SIGNED_IN.joinedload(Account.person).defer(Person.folded)]
)
