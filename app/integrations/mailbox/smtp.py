"""SMTP, step by step, because what a failure means depends on the step in which it happens.

Until the dot that ends the mail has been sent, a lost connection means that nobody has it. After the dot,
silence means that nobody knows.
"""

import logging
import re
import smtplib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.core import egress
from app.core.mail_driver import Delivered, OutcomeUnknown, nothing, refuse_unless_plain
from app.core.queue import PermanentFailure, TryAgain
from app.core.services import OPERATOR_RELAY
from app.core.settings import get_settings

log = logging.getLogger(__name__)

#: Seconds that a server may be silent. Together they stay within the claim of notices' delivery.
PATIENCE = 20.0

_LINE_END = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")


@dataclass(frozen=True)
class SmtpDoor:
    """A district's mail server, or the operator's relay: both are rows of the registry of outside services."""

    service: str
    host: str
    port: int
    security: str
    username: str = ""
    password: str = field(default="", repr=False)
    patience: float = PATIENCE

    def send(
        self,
        raw: bytes,
        envelope_from: str,
        to: Sequence[str],
        before_the_end: Callable[[], object] = nothing,
    ) -> Delivered:
        """Carry one mail. The server's own words go to the log without addresses, its code into the sentence."""
        refuse_unless_plain(envelope_from, *to)
        try:
            session = egress.smtp(
                self.service, self.host, self.port, security=self.security, timeout=self.patience
            )
        except egress.OutsideRefused as error:
            raise TryAgain(str(error)) from error
        except smtplib.SMTPNotSupportedError as error:
            raise TryAgain(
                "The mail server offers no encryption (STARTTLS); see the mail settings."
            ) from error
        except (OSError, smtplib.SMTPException) as error:
            log.warning("mail server not reached: %s", type(error).__name__)
            raise TryAgain("The mail server does not answer.") from error
        try:
            accepted, refused = self._before_the_dot(session, raw, envelope_from, to)
            _or_hang_up_at_once(session, before_the_end)
            self._the_dot(session)
        finally:
            _hang_up(session)
        return Delivered(accepted=accepted, refused=refused)

    def _before_the_dot(
        self, session: smtplib.SMTP, raw: bytes, envelope_from: str, to: Sequence[str]
    ) -> tuple[tuple[str, ...], dict[str, str]]:
        try:
            session.ehlo_or_helo_if_needed()
            if self.username:
                self._sign_in(session)
            options = [f"size={len(raw)}"] if session.has_extn("size") else []
            _expect(
                session.mail(envelope_from, options), "The mail server did not accept the desk as a sender"
            )
            accepted, refused = _name_recipients(session, to)
            _expect(session.docmd("DATA"), "The mail server did not take the mail", wanted=354)
            session.send(_stuffed(raw))
        except (OSError, smtplib.SMTPException) as error:
            log.warning("mail server lost before the end of the mail: %s", type(error).__name__)
            raise TryAgain(
                "The connection to the mail server broke before the mail was handed over."
            ) from error
        return accepted, refused

    def _sign_in(self, session: smtplib.SMTP) -> None:
        try:
            session.login(self.username, self.password)
        except smtplib.SMTPNotSupportedError as error:
            raise TryAgain(
                "The mail server offers no sign-in on this connection; see the mail settings."
            ) from error
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPServerDisconnected) as error:
            # Some servers hang up on a wrong password. Not the mail's fault: it waits until the setting is mended.
            raise TryAgain(
                "The mail server did not accept the desk's user name and password; see the mail settings."
            ) from error

    def _the_dot(self, session: smtplib.SMTP) -> None:
        try:
            session.send(b".\r\n")
            answer = session.getreply()
        except (OSError, smtplib.SMTPException) as error:
            log.warning("mail server silent after the end of the mail: %s", type(error).__name__)
            raise OutcomeUnknown(
                "The mail server took the whole mail and then fell silent, so nobody knows whether it arrived."
            ) from error
        _expect(answer, "The mail server did not take the mail")


def _name_recipients(session: smtplib.SMTP, to: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    accepted: list[str] = []
    refused: dict[str, str] = {}
    may_come_right = False
    for address in to:
        code, words = session.rcpt(address)
        if code in {250, 251}:
            accepted.append(address)
            continue
        refused[address] = _sentence("The mail server refused the recipient's address", code, words)
        may_come_right = may_come_right or code < 500
    if not accepted:
        sentence = " ".join(dict.fromkeys(refused.values()))
        raise TryAgain(sentence) if may_come_right else PermanentFailure(sentence)
    return tuple(accepted), refused


def _expect(answer: tuple[int, bytes], what: str, wanted: int = 250) -> None:
    code, words = answer
    if code == wanted:
        return
    sentence = _sentence(what, code, words)
    if 500 <= code < 600:
        raise PermanentFailure(sentence)
    raise TryAgain(sentence)


def _sentence(what: str, code: int, words: bytes) -> str:
    """Our words and the server's code: its own words may hold anything, and anybody's address."""
    enhanced = _ENHANCED.search(words.decode("ascii", "replace"))
    number = f"{code} {enhanced[0]}" if enhanced else str(code)
    log.warning("mail server answered %s", number)
    return f"{what} ({number})."


def operator_relay() -> SmtpDoor:
    """The operator's own mail server, as the settings name it."""
    settings = get_settings()
    return SmtpDoor(
        OPERATOR_RELAY,
        settings.smtp_relay_host,
        settings.smtp_relay_port,
        settings.smtp_relay_security,
        settings.smtp_relay_username,
        settings.smtp_relay_password,
    )


def _stuffed(raw: bytes) -> bytes:
    """With the line ends of the wire, and dots that begin a line doubled (RFC 5321 §4.5.2)."""
    lines = _LEADING_DOT.sub(b"..", _LINE_END.sub(b"\r\n", raw))
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def _or_hang_up_at_once(session: smtplib.SMTP, before_the_end: Callable[[], object]) -> None:
    try:
        before_the_end()
    except BaseException:
        session.close()  # a QUIT would be read as a line of the mail
        raise


def _hang_up(session: smtplib.SMTP) -> None:
    try:
        session.quit()
    except (OSError, smtplib.SMTPException):
        session.close()
