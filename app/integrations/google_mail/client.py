"""Mail by the Gmail API: one call with the whole mail, as MIME in base64url.

“users.messages.send” (Gmail API v1), with the scope gmail.send alone: it can send, and read nothing. A service account
acts for the desk's mailbox by domain-wide delegation. The envelope sender is the mailbox: what comes back comes there.
"""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.core import egress
from app.core.handing_over import token
from app.core.mail_driver import Delivered, nothing, refuse_unless_plain
from app.core.queue import OutcomeUnknown, PermanentFailure, TryAgain
from app.core.services import GOOGLE_MAIL

API: Final = "https://gmail.googleapis.com"
SCOPE: Final = "https://www.googleapis.com/auth/gmail.send"
#: Seconds of silence; the token takes as many at most. Together they stay within the claim of notices' delivery.
PATIENCE: Final = 20.0
#: Reasons of a 403 that say no more than "slower" (Gmail API, “Resolve errors”).
SLOWER: Final = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded"})


@dataclass(frozen=True)
class GmailDoor:
    """One mailbox. `give_token`: the service account's word, given a client of this service."""

    give_token: Callable[[egress.Client], str] = field(repr=False)
    mailbox: str

    def send(
        self,
        raw: bytes,
        envelope_from: str,
        to: Sequence[str],
        before_the_end: Callable[[], object] = nothing,
    ) -> Delivered:
        """Carry one mail to whom its own To names."""
        from app.integrations.google_mail import library  # large, and only where a mail leaves

        refuse_unless_plain(self.mailbox, *to)
        with egress.http_client(GOOGLE_MAIL, timeout=PATIENCE, Accept="application/json") as client:
            given = token(lambda: self.give_token(client))
            mail = {"raw": base64.urlsafe_b64encode(raw).decode()}
            gmail = library.gmail(client, API, given, before_the_end)
            try:
                said = gmail.users().messages().send(userId="me", body=mail).execute(num_retries=0)
            except library.HttpError as error:
                raise _refused(int(error.resp.status), error.content, self.mailbox) from error
        if not isinstance(said, dict) or not said.get("id"):
            raise OutcomeUnknown(
                "Gmail answered otherwise than it should, so nobody knows whether it arrived."
            )
        return Delivered(accepted=tuple(to))


def _refused(status: int, content: bytes, mailbox: str) -> Exception:
    """Most refusals are of the desk, not of one mail: it waits until the setting is mended."""
    reasons = _reasons(content)
    if status == 403 and reasons & SLOWER:
        return TryAgain("Gmail asks us to slow down.")
    if "accessNotConfigured" in reasons:
        return TryAgain("The Gmail API is not turned on in the Google Cloud project of the service account.")
    if status == 401:
        return TryAgain("Gmail does not accept the token of the service account; see the mail settings.")
    if status == 403:
        return TryAgain(f"Gmail does not let the service account send from {mailbox}; see the mail settings.")
    if status == 404 or "failedPrecondition" in reasons:
        return TryAgain(f"Gmail has no mailbox {mailbox}; see the mail settings.")
    if status == 413:
        return PermanentFailure("Gmail does not take a mail of this size.")
    return PermanentFailure(f"Gmail did not take the mail ({status}).")


def _reasons(content: bytes) -> set[str]:
    try:
        listed = json.loads(content)["error"]["errors"]
        return {one["reason"] for one in listed if isinstance(one.get("reason"), str)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return set()
