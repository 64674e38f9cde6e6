"""Mail groups that put their own address in the place of the sender's, and who wrote the mail behind it.

Google Groups does so for senders whose domain forbids others to send in its name: `From: "'Nora Bell' via Help"
<help@…>`, with the sender in X-Original-From, X-Original-Sender and Reply-To. Mailman and Exchange keep only the
name and Reply-To. All of it is the group's word: it counts where the group itself is vouched for.
"""

import re
from collections.abc import Sequence

from app.integrations.mailbox.headers import Address, Headers

_VIA = re.compile(
    r"^[\s'\"]*(?P<name>.{1,150}?)[\s'\"]+(?:via|über|par|por|tramite|a través de|através de)\s+\S",
    re.IGNORECASE,
)
_REFUSED = re.compile(r"\bdmarc\s*=\s*fail\b", re.IGNORECASE)


def written_by(headers: Headers, sender: Address | None) -> Address | None:
    """Who wrote it, if a group put its own address in From; None if From says it."""
    if sender is None or not (headers.first("list-id") or headers.first("list-post")):
        return None
    told = _VIA.match(sender.name)
    stated = headers.addresses("x-original-from") or headers.addresses("x-original-sender")
    if not stated and told:
        stated = headers.addresses("reply-to")
    real = next((one for one in stated if one.address != sender.address), None)
    if real is None:
        return None
    name = real.name if real.name and not _VIA.match(real.name) else told["name"] if told else ""
    return Address(name.strip("'\" "), real.address)


def was_refused(results: Sequence[str]) -> bool:
    """The group's own server checked the sender before it passed the mail on, and the sender failed."""
    return any(_REFUSED.search(one) for one in results)
