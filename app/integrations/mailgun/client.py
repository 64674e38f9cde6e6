"""Mail by Mailgun: one call with the whole mail, as MIME.

“Send an email in MIME format” (Mailgun API v3). Opens and clicks are not tracked. A wrong address there may answer 200
with words, so only an answer with an id counts as taken.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.core import egress
from app.core.asking import Said, text
from app.core.handing_over import hand_over
from app.core.mail_driver import Delivered, nothing, refuse_unless_plain
from app.core.queue import OutcomeUnknown, PermanentFailure, TryAgain
from app.core.services import MAILGUN

#: By region, for a domain lives in one of them.
APIS: Final = {"us": "https://api.mailgun.net", "eu": "https://api.eu.mailgun.net"}
PATIENCE: Final = 20.0
NAME: Final = "Mailgun"


@dataclass(frozen=True)
class MailgunDoor:
    """One sending domain. `key`: one that can send from this domain alone is best."""

    domain: str
    region: str
    key: str = field(repr=False)

    def send(
        self,
        raw: bytes,
        envelope_from: str,
        to: Sequence[str],
        before_the_end: Callable[[], object] = nothing,
    ) -> Delivered:
        """Carry one mail."""
        refuse_unless_plain(f"desk@{self.domain}", *to)
        with egress.http_client(MAILGUN, timeout=PATIENCE, Accept="application/json") as client:
            client.auth = ("api", self.key)
            said = hand_over(
                client,
                NAME,
                f"{APIS[self.region]}/v3/{self.domain}/messages.mime",
                before=before_the_end,
                data={"to": ",".join(to), "o:tracking": "no"},
                files={"message": ("mail.eml", raw, "message/rfc822")},
            )
        if said.is_good and text(said.body, "id"):
            return Delivered(accepted=tuple(to))
        raise _refused(said, self.domain)


def _refused(said: Said, domain: str) -> Exception:
    """Most refusals are of the account, not of one mail: it waits until the setting is mended."""
    if said.is_good:
        return OutcomeUnknown(
            "Mailgun answered otherwise than it should, so nobody knows whether it arrived."
        )
    if said.status == 401:
        return TryAgain("Mailgun does not accept the API key; see the mail settings.")
    if said.status in (402, 403):
        return TryAgain(
            f"Mailgun does not let this account send from {domain} ({said.status}). Look there why."
        )
    if said.status == 404:
        return TryAgain(f"Mailgun has no domain {domain} in this region; see the mail settings.")
    if said.status == 413:
        return PermanentFailure("Mailgun does not take a mail of this size.")
    return PermanentFailure(f"Mailgun did not take the mail ({said.status}).")
