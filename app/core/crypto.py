"""Sealed columns, blind indexes and message authentication codes, all under the district's own data key.

Each district has a random 256-bit data key, wrapped by a ring of master keys that live outside the database:
the newest wraps, all unwrap. Columns are sealed under a key that the data key wraps and that can be rotated: the newest
seals, all open (core/resealing.py seals anew what lies under an older one). A ciphertext is bound to its district,
table, row, column and key, so that moved anywhere else it does not open. Deleting the data key makes the district's
sealed data unreadable.
"""

import hashlib
import hmac
import os
import secrets
from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Self, overload
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import event, select
from sqlalchemy.orm import Session, attributes

from app.core import clock
from app.core.db import Base
from app.core.directory import District, district_by_id, forget_directory
from app.core.settings import get_settings
from app.core.tenancy import DistrictOwned, current_district_id, district_in_force

VERSION = "v1"
#: Sealed under a key of the district's ring, whose name stands behind it.
RINGED = "v2"


class CannotOpen(RuntimeError):
    """A ciphertext that was moved, altered, or whose key is gone."""


# --- the ring of master keys, and the district's data key -------------------------------------------------


def new_data_key(district_id: UUID) -> str:
    """A fresh data key for a new district, wrapped: what goes into `districts.data_key`."""
    return wrap(secrets.token_bytes(32), district_id.bytes)


def rewrap(session: Session) -> int:
    """Wrap every district's data key under the newest master key, and count those changed. Sealed rows stay."""
    newest, changed = get_settings().master_keys[0][0], 0
    for district in session.scalars(select(District).where(District.data_key.is_not(None)).with_for_update()):
        if district.data_key and district.data_key.split(".")[1] != newest:
            district.data_key = wrapped_under_the_newest(district.data_key, district.id.bytes)
            changed += 1
    return changed


def wrapped_under_the_newest(wrapped: str, bound_to: bytes) -> str:
    """The same key under the newest master key. Raises CannotOpen."""
    if wrapped.split(".")[1] == get_settings().master_keys[0][0]:
        return wrapped
    return wrap(unwrap(wrapped, bound_to), bound_to)


def wrap(key: bytes, bound_to: bytes) -> str:
    """A key under the newest master key, bound to what it is for."""
    kid, master = get_settings().master_keys[0]
    nonce = os.urandom(12)
    return ".".join([VERSION, kid, _text(nonce), _text(AESGCM(master).encrypt(nonce, key, bound_to))])


@lru_cache(maxsize=1024)
def unwrap(wrapped: str, bound_to: bytes) -> bytes:
    """The key. Raises CannotOpen where its master key is not in the ring, or where it is bound to another."""
    version, kid, nonce, ciphertext = wrapped.split(".")
    master = dict(get_settings().master_keys).get(kid)
    if version != VERSION or master is None:
        raise CannotOpen(f"The master key {kid!r} that wraps this data key is not in the ring.")
    try:
        return AESGCM(master).decrypt(_bytes(nonce), _bytes(ciphertext), bound_to)
    except InvalidTag as error:
        raise CannotOpen(
            "The data key does not open: it was altered, belongs to another district, or was wrapped by another "
            f"master key of the name {kid!r}."
        ) from error


def seal_key(data_key: bytes, key: bytes, bound_to: bytes) -> str:
    """A backup's key under a data key: whoever deletes the data key has made the backup unreadable."""
    nonce = os.urandom(12)
    return f"{_text(nonce)}.{_text(AESGCM(_derived(data_key, 'backup')).encrypt(nonce, key, bound_to))}"


def open_key(data_key: bytes, sealed: str, bound_to: bytes) -> bytes:
    """The backup's key. Raises CannotOpen."""
    nonce, _, ciphertext = sealed.partition(".")
    try:
        return AESGCM(_derived(data_key, "backup")).decrypt(_bytes(nonce), _bytes(ciphertext), bound_to)
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("Its key was sealed for another archive, or altered.") from error


@lru_cache(maxsize=4096)
def _derived(data_key: bytes, use: str) -> bytes:
    return hmac.digest(data_key, f"frontoffice {use} {VERSION}".encode(), "sha256")


def _data_key(district_id: UUID) -> bytes:
    card = district_by_id(district_id)
    if card is None or card.data_key is None:
        raise CannotOpen("This district has no data key: its sealed data cannot be read.")
    return unwrap(card.data_key, district_id.bytes)


# --- the ring of keys that columns are sealed under -------------------------------------------------------


@dataclass(frozen=True)
class SealKey:
    """One key of a district's ring."""

    name: str
    made_at: datetime
    key: bytes = field(repr=False)


def ring_of(district_id: UUID) -> tuple[SealKey, ...]:
    """A district's keys, newest first; none before its first rotation. Raises CannotOpen."""
    card = district_by_id(district_id)
    if card is None or card.data_key is None or not card.seal_keys:
        return ()
    return _read_ring(card.seal_keys, card.data_key, district_id)


def with_a_new_key(seal_keys: str, data_key: str, district_id: UUID) -> str:
    """What `districts.seal_keys` becomes with a fresh key before the others."""
    fresh = SealKey(secrets.token_hex(4), clock.now(), secrets.token_bytes(32))
    older = _read_ring(seal_keys, data_key, district_id) if seal_keys else ()
    return _written_ring((fresh, *older), data_key, district_id)


def without_older_keys(seal_keys: str, data_key: str, district_id: UUID) -> str:
    """What it becomes with its newest key alone: nothing that lies under another opens any more."""
    return _written_ring(_read_ring(seal_keys, data_key, district_id)[:1], data_key, district_id)


@lru_cache(maxsize=1024)
def _read_ring(seal_keys: str, data_key: str, district_id: UUID) -> tuple[SealKey, ...]:
    wrapping = AESGCM(_derived(unwrap(data_key, district_id.bytes), "seal keys"))
    ring = []
    for line in seal_keys.split():
        name, made_at, nonce, wrapped = line.split("/")
        try:
            key = wrapping.decrypt(_bytes(nonce), _bytes(wrapped), district_id.bytes + name.encode())
        except InvalidTag as error:
            raise CannotOpen(f"The key {name!r} of this district does not open.") from error
        ring.append(SealKey(name, datetime.fromisoformat(made_at), key))
    return tuple(ring)


def _written_ring(ring: Sequence[SealKey], data_key: str, district_id: UUID) -> str:
    wrapping = AESGCM(_derived(unwrap(data_key, district_id.bytes), "seal keys"))
    lines = []
    for one in ring:
        nonce = os.urandom(12)
        wrapped = wrapping.encrypt(nonce, one.key, district_id.bytes + one.name.encode())
        lines.append("/".join([one.name, one.made_at.isoformat(), _text(nonce), _text(wrapped)]))
    return " ".join(lines)


def beginning(district_id: UUID) -> str:
    """How everything begins that is sealed under this district's newest key."""
    ring = ring_of(district_id)
    return f"{RINGED}.{ring[0].name}." if ring else f"{VERSION}."


# --- sealing ----------------------------------------------------------------------------------------------


def seal(plaintext: str, *, table: str, row_id: UUID, column: str, district_id: UUID | None = None) -> str:
    """AES-256-GCM under the district's newest key, bound to exactly this place."""
    district_id = district_id or current_district_id()
    start = beginning(district_id)
    place = _place(district_id, table, row_id, column, start)
    return _sealed(AESGCM(_key(district_id, start)), start, place, plaintext)


def _sealed(under: AESGCM, start: str, place: bytes, plaintext: str) -> str:
    nonce = os.urandom(12)
    return f"{start}{_text(nonce)}.{_text(under.encrypt(nonce, plaintext.encode(), place))}"


def unseal(sealed: str, *, table: str, row_id: UUID, column: str, district_id: UUID | None = None) -> str:
    """The plaintext. Raises CannotOpen for a ciphertext of any other place."""
    district_id = district_id or current_district_id()
    *before, nonce, ciphertext = sealed.split(".")
    start = f"{'.'.join(before)}."
    key = _key(district_id, start)
    try:
        place = _place(district_id, table, row_id, column, start)
        return AESGCM(key).decrypt(_bytes(nonce), _bytes(ciphertext), place).decode()
    except InvalidTag as error:
        raise CannotOpen(f"{table}.{column} does not open here: it was moved or altered.") from error


def _key(district_id: UUID, start: str) -> bytes:
    """The key that a ciphertext names by how it begins."""
    if start == f"{VERSION}.":
        return _derived(_data_key(district_id), "seal")
    version, _, name = start.rstrip(".").partition(".")
    if version != RINGED or not name:
        raise CannotOpen(f"Sealed by an unknown version, {version!r}.")
    for _ in range(2):
        for one in ring_of(district_id):
            if one.name == name:
                return one.key
        forget_directory()  # another process has just made it
    raise CannotOpen(f"The key {name!r} of this district is gone.")


def _place(district_id: UUID, table: str, row_id: UUID, column: str, start: str) -> bytes:
    return "|".join([str(district_id), table, str(row_id), column, start.rstrip(".")]).encode()


class Sealed:
    """A sealed attribute over a text column: `password = Sealed("password_sealed")`.

    What is set stays in memory until the flush, where the row is known, and is sealed into the column there.
    """

    def __init__(self, column: str) -> None:
        self.column = column

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, row: None, owner: type) -> Self: ...
    @overload
    def __get__(self, row: DistrictOwned, owner: type) -> str | None: ...
    def __get__(self, row: DistrictOwned | None, owner: type) -> Self | str | None:
        if row is None:
            return self
        waiting: dict[str, str | None] = row.__dict__.get("_to_seal", {})
        if self.column in waiting:
            return waiting[self.column]
        sealed = getattr(row, self.column)
        if sealed is None:
            return None
        return unseal(
            sealed, table=_table(row), row_id=row.id, column=self.column, district_id=row.district_id
        )

    def __set__(self, row: DistrictOwned, value: str | None) -> None:
        row.__dict__.setdefault("_to_seal", {})[self.column] = value
        setattr(row, self.column, None if value is None else "to be sealed")
        attributes.flag_modified(row, self.column)


def _table(row: DistrictOwned) -> str:
    return str(row.__tablename__)  # type: ignore[attr-defined]


@event.listens_for(Session, "before_flush")
def _seal_what_waits(session: Session, *_: object) -> None:
    for row in [*session.new, *session.dirty]:
        waiting: dict[str, str | None] = row.__dict__.pop("_to_seal", {})
        for column, value in waiting.items():
            if value is not None:
                district_id = row.district_id or current_district_id()
                place = {"table": _table(row), "row_id": row.id, "column": column}
                setattr(row, column, seal(value, **place, district_id=district_id))


# --- keyed digests ----------------------------------------------------------------------------------------


def blind_index(value: str) -> str:
    """A keyed digest by which a sealed value can be found again, within its district."""
    return _index(_derived(_data_key(current_district_id()), "blind index"), value)


def _index(key: bytes, value: str) -> str:
    return hmac.digest(key, value.strip().casefold().encode(), "sha256").hex()


def mac(purpose: str, *parts: str | bytes | UUID, bits: int = 128) -> str:
    """A code that only we can make: lower-case base32, safe in addresses and URLs.

    Under the district's key where one is in force, else under the deployment's. `parts` cannot run together.
    """
    district_id = district_in_force()
    key = (
        _derived(_data_key(district_id), "codes")
        if district_id
        else _derived(get_settings().cookie_secret.encode(), "codes")
    )
    return _code(key, purpose, *parts, bits=bits)


def _code(key: bytes, purpose: str, *parts: str | bytes | UUID, bits: int = 128) -> str:
    message = hashlib.sha256()
    for part in (purpose, *parts):
        octets = part if isinstance(part, bytes) else str(part).encode()
        message.update(len(octets).to_bytes(8, "big") + octets)
    code = hmac.digest(key, message.digest(), "sha256")[: bits // 8]
    return b32encode(code).decode().rstrip("=").lower()


class KeysInHand:
    """The keys of the district in force, looked up once: for many values that are sealed or coded one after another.

    Not kept beyond what is written in one transaction: a district's key may be replaced.
    """

    def __init__(self) -> None:
        """Raises CannotOpen."""
        self.district_id = current_district_id()
        self._start = beginning(self.district_id)
        self._seal = AESGCM(_key(self.district_id, self._start))
        data_key = _data_key(self.district_id)
        self._codes, self._blind_index = _derived(data_key, "codes"), _derived(data_key, "blind index")

    def seal(self, plaintext: str, *, table: str, row_id: UUID, column: str) -> str:
        """As seal()."""
        place = _place(self.district_id, table, row_id, column, self._start)
        return _sealed(self._seal, self._start, place, plaintext)

    def blind_index(self, value: str) -> str:
        """As blind_index()."""
        return _index(self._blind_index, value)

    def mac(self, purpose: str, *parts: str | bytes | UUID) -> str:
        """As mac()."""
        return _code(self._codes, purpose, *parts)


def mac_ok(given: str, purpose: str, *parts: str | bytes | UUID, bits: int = 128) -> bool:
    """True if `given` is our code for exactly these parts. Takes the same time for any wrong one."""
    return hmac.compare_digest(given.lower().encode(), mac(purpose, *parts, bits=bits).encode())


def token_hash(token: str) -> str:
    """How a random token is stored: enough to recognise it, nothing to steal."""
    return hashlib.sha256(token.encode()).hexdigest()


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sealed_columns(model: type[Base]) -> dict[str, Any]:
    """The sealed attributes of a model, its own and those that are mixed in, by column name."""
    theirs = (value for one in reversed(model.__mro__) for value in vars(one).values())
    return {value.column: value for value in theirs if isinstance(value, Sealed)}
