"""The session row: who is signed in, and where. The browser has 128 random bits, the row their hash."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, Self, cast
from uuid import UUID

from sqlalchemy import (
    Index,
    Select,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    false,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core import clock
from app.core.crypto import token_hash
from app.core.db import Base, changed_rows, db
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, of_this_district, owned, points_at

IDLE: Final = timedelta(minutes=60)
ABSOLUTE: Final = timedelta(hours=12)
#: How long a password or a factor, once given, speaks for what changes the way in.
CONFIRMED_FOR: Final = timedelta(minutes=10)
#: As a browser names itself → what people call it. The first that fits: each of them names others too.
BROWSERS: Final = {
    "Edg/": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
MACHINES: Final = {
    "CrOS": "a Chromebook",
    "iPhone": "an iPhone",
    "iPad": "an iPad",
    "Android": "an Android device",
    "Windows": "Windows",
    "Mac OS X": "a Mac",
    "Linux": "Linux",
}
SEEN_EVERY: Final = timedelta(minutes=1)
KEPT: Final = timedelta(days=30)
#: What is loaded with the row of a token, in the same question. Auth says it: accounts are unknown here.
COMES_ALONG: Final[list[Any]] = []


class WebSession(DistrictOwned, Base):
    """One browser in which one account is signed in, to one district."""

    __tablename__ = "web_sessions"
    __keeping__ = Keeping("staff", "30 days after it ended", exported=False, erased="delete")
    __audited__ = False  # signing in and out is noted as such; a row that is touched each minute is no news
    __table_args__ = owned(
        points_at("account_id", "accounts"),
        UniqueConstraint("district_id", "token_hash"),
        Index(None, "district_id", "account_id"),
    )
    FOUND_BY = ("id",)

    account_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    token_hash: Mapped[str] = mapped_column(info=PRIVATE)
    csrf: Mapped[str] = mapped_column(info=PRIVATE)
    flashes: Mapped[list[Any]] = mapped_column(JSONB(), default=list, info=PRIVATE)
    user_agent: Mapped[str] = mapped_column(default="", info=PERSONAL)
    #: It was opened with a second factor, or one was set up in it.
    by_factor: Mapped[bool] = mapped_column(default=False, server_default=false(), info=PUBLIC)
    #: "google" or "microsoft" if one of them opened it; "" for a password or a passkey of ours.
    through: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    #: When a password or a factor was last given in it.
    confirmed_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: What a new passkey must sign; the first answer takes it out.
    challenge: Mapped[str | None] = mapped_column(info=PRIVATE)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    last_seen_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    ended_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    @property
    def browser(self) -> str:
        """Where this is, in words that somebody recognises: "Chrome on a Chromebook"."""
        name = next((words for sign, words in BROWSERS.items() if sign in self.user_agent), "A browser")
        machine = next((words for sign, words in MACHINES.items() if sign in self.user_agent), None)
        return f"{name} on {machine}" if machine else name

    @property
    def is_confirmed(self) -> bool:
        """True for a while after whoever sits there has shown that it is still them."""
        return self.confirmed_at is not None and self.confirmed_at > clock.now() - CONFIRMED_FOR

    def take_challenge(self) -> str | None:
        """The challenge, for this one answer; of two at once, the second gets None."""
        cls = type(self)
        mine = select(cls.challenge).where(cls.id == self.id).with_for_update()
        challenge: str | None = db.session.scalar(mine)
        _change(cls.id == self.id, challenge=None)
        return challenge

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """A living session of this district."""
        return db.session.scalar(select(cls).where(cls.id == id, *_living()))

    @classmethod
    def of_token(cls, token: str) -> "WebSession | None":
        """The living session of this district that a browser's token opens."""
        return db.session.scalars(_opened(), {"token_hash": token_hash(token)}).unique().one_or_none()

    @classmethod
    def living(cls, account_id: UUID) -> Sequence[Self]:
        """Where an account is signed in, last seen first."""
        question = select(cls).where(cls.account_id == account_id, *_living())
        return db.session.scalars(question.order_by(cls.last_seen_at.desc(), cls.id)).all()


def begin(
    account_id: UUID, user_agent: str, *, by_factor: bool = False, through: str = ""
) -> tuple[WebSession, str]:
    """A new session and its token, which is told once and stored nowhere."""
    token = secrets.token_urlsafe(16)
    row = WebSession(
        account_id=account_id,
        token_hash=token_hash(token),
        csrf=secrets.token_urlsafe(16),
        flashes=[],
        user_agent=user_agent[:200],
        by_factor=by_factor,
        through=through,
        # A provider lets in whoever sits at a browser that is signed in there: that shows nothing once more.
        confirmed_at=clock.now() if by_factor or not through else None,
    )
    db.session.add(row)
    db.session.flush()
    return row, token


def seen(row: WebSession) -> None:
    """Remember that it is in use: at most once a minute, for it is a write on every page otherwise."""
    now = clock.now()
    if row.last_seen_at <= now - SEEN_EVERY:
        _change(WebSession.id == row.id, WebSession.last_seen_at <= now - SEEN_EVERY, last_seen_at=now)
        db.session.commit()


def confirm(row: WebSession, *, through: str = "") -> None:
    """Whoever sits there has just given a password or a factor, or signed in at a provider once more."""
    row.confirmed_at = clock.now()
    row.through = through or row.through


def has_its_factor(row: WebSession) -> None:
    """A second factor was set up in it: none has to be asked for."""
    row.by_factor = True


def have_no_factor(account_id: UUID) -> None:
    """The account has no second factor any more, whatever its sessions were opened with."""
    _change(WebSession.account_id == account_id, by_factor=False)


def keep_flashes(session_id: UUID, flashes: list[Any]) -> None:
    """What the next page is to say."""
    db.session.flush()
    db.session.connection().execute(_KEEP_FLASHES, {"session": session_id, "said": flashes})


def do_not_wait_for_the_disk() -> None:
    """For a transaction of flashes alone: a power cut may take a flash, and nothing else."""
    db.session.execute(_WITHOUT_WAITING)


def end(session_id: UUID) -> None:
    """Nobody gets in with it again."""
    _change(WebSession.id == session_id, WebSession.ended_at.is_(None), ended_at=clock.now())


def end_all(account_id: UUID, *, but: UUID | None = None) -> int:
    """End every session of an account, except perhaps one; how many that were."""
    others = [WebSession.account_id == account_id, *_living()]
    if but is not None:
        others.append(WebSession.id != but)
    return _change(*others, ended_at=clock.now())


def end_all_local() -> int:
    """End every session of this district that no provider opened; how many that were."""
    return _change(WebSession.through == "", *_living(), ended_at=clock.now())


def end_all_of_district(across: Session, district_id: UUID) -> int:
    """End every session of a district, in a transaction over all; how many that were."""
    living = (WebSession.district_id == district_id, WebSession.ended_at.is_(None))
    return changed_rows(across.execute(update(WebSession).where(*living).values(ended_at=clock.now())))


def forget_old_sessions() -> int:
    """Delete sessions of this district that ended, by word or by time, long enough ago; how many."""
    long_ago = clock.now() - KEPT
    over = or_(WebSession.ended_at < long_ago, WebSession.last_seen_at < long_ago)
    return changed_rows(db.session.execute(delete(WebSession).where(over)))


_WITHOUT_WAITING: Final = text("select set_config('synchronous_commit', 'off', true)")
_ROWS: Final = cast(Table, WebSession.__table__)
_KEEP_FLASHES: Final = of_this_district(
    update(_ROWS).where(_ROWS.c.id == bindparam("session")).values(flashes=bindparam("said"))
)


@cache
def _opened() -> Select[WebSession]:
    """What every page asks first, put together once: when the rooms have said what comes along."""
    mine = WebSession.token_hash == bindparam("token_hash")
    return select(WebSession).where(mine, *_living()).options(*COMES_ALONG)


def _living() -> list[Any]:
    return [
        WebSession.ended_at.is_(None),
        WebSession.last_seen_at > bindparam("idle_since", callable_=lambda: clock.now() - IDLE),
        WebSession.made_at > bindparam("begun_since", callable_=lambda: clock.now() - ABSOLUTE),
    ]


def _change(*which: Any, **values: Any) -> int:
    return changed_rows(db.session.execute(update(WebSession).where(*which).values(**values)))
