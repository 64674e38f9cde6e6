"""A district's Twilio account: send a text, and ask what became of one.

Twilio knows no idempotency key for texts (Message resource, “Create a Message”). So what may have been sent is looked
for among the texts to that number before anything is sent again, and the address for news of a text carries our own
number of it: Twilio's first word about it tells whose it is.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from app.core import egress
from app.core.queue import OutcomeUnknown, PermanentFailure, TryAgain
from app.core.services import TWILIO
from app.integrations.twilio import words

API: Final = "https://api.twilio.com"
#: Seconds of silence. Together with what comes before and after it stays within the claim of a text.
PATIENCE: Final = 20.0
#: Twilio lists the newest first; a number that got more texts than this since then is somebody's test.
MOST_ALIKE: Final = 50

SERVICE_SID: Final = re.compile(r"MG[0-9a-f]{32}")
ACCOUNT_SID: Final = re.compile(r"AC[0-9a-f]{32}")
KEY_SID: Final = re.compile(r"SK[0-9a-f]{32}")
MESSAGE_SID: Final = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")


class Stopped(PermanentFailure):
    """Whoever has the number told Twilio to stop."""


@dataclass(frozen=True)
class Posted:
    """A text as Twilio has it: its number there, how far it has come, and the number of what went wrong or 0."""

    sid: str
    status: str
    code: int = 0


@dataclass(frozen=True)
class Twilio:
    """One district's account. `sender`: a messaging service (MG…) or a number (+1…)."""

    account_sid: str
    key_sid: str
    key_secret: str = field(repr=False)
    sender: str

    def send(self, to: str, text: str, news_at: str = "") -> Posted:
        """Have a text sent. `news_at`: where Twilio tells what becomes of it.

        Raises TryAgain (nobody has it), PermanentFailure (nobody will take it; Stopped: they said STOP), and
        OutcomeUnknown.
        """
        carries: dict[str, Any] = {"to": to, "body": text}
        carries["messaging_service_sid" if SERVICE_SID.fullmatch(self.sender) else "from_"] = self.sender
        if news_at:
            carries["status_callback"] = news_at
        with self._library() as library:
            return _posted(library.messages.create(**carries))

    def look_up(self, sid: str) -> Posted:
        """What became of a text. Raises TryAgain, and PermanentFailure where Twilio knows it no more."""
        with self._only_asking(), self._library() as library:
            return _posted(library.messages(sid).fetch())

    def alike(self, to: str, text: str, since: datetime, known: Collection[str]) -> Posted | None:
        """A text of ours to that number, with these very words, made since then, that we do not know of yet."""
        with self._only_asking(), self._library() as library:
            for one in library.messages.list(to=to, limit=MOST_ALIKE, page_size=MOST_ALIKE):
                is_ours = str(one.direction or "").startswith("outbound")
                made = one.date_created
                if is_ours and one.body == text and made is not None and made >= since:
                    found = _posted(one)
                    if found.sid not in known:
                        return found
        return None

    def try_out(self) -> str:
        """Ask for as little as shows that the key opens the account. Raises TryAgain and PermanentFailure."""
        with self._only_asking(), self._library() as library:
            library.messages.list(limit=1, page_size=1)
        return "Twilio answers, and the key opens the account."

    @contextmanager
    def _library(self) -> Iterator[Any]:
        from app.integrations.twilio import sdk  # 30 MB, which only a process that sends takes on

        with egress.http_client(TWILIO, timeout=PATIENCE, Accept="application/json") as client:
            library = sdk.connected(
                client,
                api=API,
                key=self.key_sid,
                secret=self.key_secret,
                account=self.account_sid,
                patience=PATIENCE,
            )
            try:
                yield library
            except sdk.TwilioException as error:
                raise _refused(sdk.code_of(error)) from error

    @contextmanager
    def _only_asking(self) -> Iterator[None]:
        """A question that got no answer has done nothing."""
        try:
            yield
        except OutcomeUnknown as error:
            raise TryAgain("Twilio did not answer.") from error


def _posted(said: Any) -> Posted:
    sid, status = str(said.sid or ""), str(said.status or "")
    if not MESSAGE_SID.fullmatch(sid):
        raise OutcomeUnknown("Twilio did not say under which number it has the text.")
    return Posted(sid, status if status in words.RANK else "", int(said.error_code or 0))


def _refused(code: int) -> Exception:
    if code == words.STOPPED:
        return Stopped(words.why(code))
    if code in words.ACCOUNT or not code:
        return TryAgain(words.why(code) if code else "Twilio refused, and did not say why.")
    return PermanentFailure(words.why(code))
