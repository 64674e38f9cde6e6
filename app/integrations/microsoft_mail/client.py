"""Mail by Microsoft Graph: one call with the whole mail, as MIME in base64.

“user: sendMail” (Graph v1.0): 202 and nothing else. MIME keeps our own Message-ID, In-Reply-To and Auto-Submitted,
which JSON would not. The application permission Mail.Send reaches every mailbox of a tenant, so the district restricts
it to this one (Exchange Online, “RBAC for Applications”). The envelope sender is the mailbox: what comes back comes to
the desk.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from app.core import egress
from app.core.asking import Said, text
from app.core.handing_over import hand_over, token
from app.core.mail_driver import Delivered, nothing, refuse_unless_plain
from app.core.queue import OutcomeUnknown, PermanentFailure, TryAgain
from app.core.services import MICROSOFT_MAIL

API: Final = "https://graph.microsoft.com/v1.0"
#: Seconds of silence; the token takes as many at most. Together they stay within the claim of notices' delivery.
PATIENCE: Final = 20.0

NAME: Final = "Microsoft 365"


@dataclass(frozen=True)
class GraphDoor:
    """One mailbox. `give_token`: who asks, as the district registered us (given a client of this service)."""

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
        refuse_unless_plain(self.mailbox, *to)
        with egress.http_client(MICROSOFT_MAIL, timeout=PATIENCE, Accept="application/json") as client:
            headers = {
                "Authorization": f"Bearer {token(lambda: self.give_token(client))}",
                "Content-Type": "text/plain",
            }
            address = f"{API}/users/{quote(self.mailbox, safe='@')}/sendMail"
            said = hand_over(
                client, NAME, address, before=before_the_end, headers=headers, content=base64.b64encode(raw)
            )
        if said.status == 202:
            return Delivered(accepted=tuple(to))
        raise _refused(said, self.mailbox)


def _refused(said: Said, mailbox: str) -> Exception:
    """Most refusals are of the desk, not of one mail: it waits until the setting is mended."""
    error = said.body.get("error")
    code = text(error, "code") if isinstance(error, dict) else ""
    number = f" ({code})" if code.isascii() and code.isalnum() and len(code) < 60 else f" ({said.status})"
    if said.is_good:
        return OutcomeUnknown(
            f"{NAME} answered otherwise than it should, so nobody knows whether it arrived."
        )
    if said.status == 401:
        return TryAgain(f"{NAME} does not accept the desk’s token; see the mail settings.{number}")
    if said.status == 403:
        return TryAgain(
            f"{NAME} does not let the application send from {mailbox}. Grant it Mail.Send for this mailbox.{number}"
        )
    if said.status == 404:
        return TryAgain(f"{NAME} has no mailbox {mailbox}; see the mail settings.{number}")
    if code in ("ErrorExceededMessageLimit", "ErrorMessageSizeExceeded") or said.status == 413:
        return PermanentFailure(f"{NAME} does not take a mail of this size.{number}")
    return PermanentFailure(f"{NAME} did not take the mail.{number}")
