"""An SFTP server and we come to trust each other: a person confirms its key, and gives it ours.

Its key belongs to host and port, ours to the host. Whatever belongs to another one is forgotten before it is used.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from app.core.actor import Actor
from app.core.db import db
from app.core.feed import Unreadable
from app.core.fetching import NotNow
from app.integrations.sftp import client, keys
from app.register.actions import connecting, fetching
from app.register.actions.connecting import Particulars
from app.register.actions.sftp_place import HOST_KEY, SftpPlace, port_of, server_of, signs_by_key
from app.register.models.register_connection import SFTP, RegisterConnection
from app.roster.actions.refused import Refused

#: Settings beside those of the form: the key that the server showed last, if it is not confirmed; and our public line.
SHOWN_KEY: Final = "shown_key"
PUBLIC_KEY: Final = "public_key"
GIVE_ANOTHER: Final = "Write the password: until now we signed in with a key."
SAVE_FIRST: Final = "Fill in how the server is reached first, and save."


def change(given: Particulars, *, by: Actor) -> RegisterConnection:
    """Keep what was filled in. A key of ours is made where one is wanted and none is there. Raises Refused."""
    before = RegisterConnection.of_kind(SFTP)
    known: Mapping[str, str] = before.settings if before else {}
    kept = {}
    if _place(known) == _place(given.settings):
        kept = {name: known[name] for name in (HOST_KEY, SHOWN_KEY) if name in known}
    secret = given.secret
    if signs_by_key(given.settings):
        if PUBLIC_KEY in known and _place(known)[:1] == _place(given.settings)[:1]:
            secret, kept[PUBLIC_KEY] = "", known[PUBLIC_KEY]
        else:
            secret, kept[PUBLIC_KEY] = keys.make()
    elif PUBLIC_KEY in known and not secret:
        raise Refused(GIVE_ANOTHER)
    whole = replace(given, settings={**given.settings, **kept}, secret=secret)
    return connecting.change(SFTP, whole, by=by)


def renew_key() -> None:
    """Make another key pair. The server has to be given its public line before it lets us in again. Raises Refused."""
    connection = _connection()
    if not signs_by_key(connection.settings):
        raise Refused("Choose to sign in with a key first, and save.")
    connection.secret, public = keys.make()
    connection.settings = {**connection.settings, PUBLIC_KEY: public}


def look() -> str:
    """Have the server show its key, and keep it for a person to compare and confirm. Raises Refused."""
    connection = _connection()
    settings: dict[str, str] = dict(connection.settings)
    try:
        if missing := SftpPlace().missing(settings):
            raise Refused(f"Fill in {missing} first, and save.")
        fetching.refuse_if_off(connection)
        db.session.commit()
        shown = client.host_key_of(server_of(settings))
    except (Unreadable, NotNow) as answer:
        raise Refused(answer.sentence) from answer
    if _place(connection.settings) != _place(settings):
        raise Refused("Somebody filled in another server meanwhile. Have that one show its key.")
    if shown != settings.get(HOST_KEY):
        connection.settings = {**connection.settings, SHOWN_KEY: shown}
        return "The server showed a key. Compare its fingerprint before you confirm it."
    connection.settings = {name: told for name, told in connection.settings.items() if name != SHOWN_KEY}
    return "The server shows the key that was confirmed."


def confirm(shown: str) -> None:
    """A person compared this key: from now on it is the server's, and no other. Raises Refused."""
    connection = _connection()
    if not shown or connection.settings.get(SHOWN_KEY) != shown:
        raise Refused("The server has shown another key since. Compare the one below.")
    rest = {name: told for name, told in connection.settings.items() if name != SHOWN_KEY}
    connection.settings = {**rest, HOST_KEY: shown}


def _connection() -> RegisterConnection:
    connection = RegisterConnection.of_kind(SFTP)
    if connection is None:
        raise Refused(SAVE_FIRST)
    return connection


def _place(settings: Mapping[str, str]) -> tuple[str, int]:
    return settings.get("host", "").strip().lower(), port_of(settings)
