"""Raw bytes become a ParsedMail. It never raises: what cannot be read is named in `faults`, what can is kept.

One mail lies on the desk (`Reading`), and each step does one thing to it:

 1. mend            a head that can be read
 2. open_envelope   the headers
 3. take_apart      the parts that carry something, within an Allowance
 4. open_signed     S/MIME that holds the mail inside its signature
 5. keep_encrypted  what only its addressee can open stays a file, and the text says so
 6. open_winmail    Outlook's parcel
 7. tell_invitation what, when, where, who
 8. lift_pictures   those that are written into HTML become files
 9. gather_text     each part is text, HTML or a file
10. bare_pgp        PGP written into the text
11. settle_text     the words as they are shown
12. settle_html     the same with their formatting
13. settle_files    which of them the text shows

A step that fails costs itself alone: the fault is noted, and the next has its turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from typing import Final

from app.integrations.mailbox import cms, groups, invitation, pgp, winmail
from app.integrations.mailbox.allowance import (
    LONGEST_INVITATION,
    LONGEST_TEXT,
    MOST_PICTURES_IN_TEXT,
    Allowance,
)
from app.integrations.mailbox.authentication import Vouched, vouched
from app.integrations.mailbox.automatic import why_automatic
from app.integrations.mailbox.charsets import tidy, to_text
from app.integrations.mailbox.clean import as_text, cids_in, clean
from app.integrations.mailbox.containers import PKCS7, out_of_its_signature, out_of_the_parcel
from app.integrations.mailbox.headers import Address, Headers
from app.integrations.mailbox.mending import mended
from app.integrations.mailbox.naming import file_name
from app.integrations.mailbox.parts import Part
from app.integrations.mailbox.pictures import pictures_in
from app.integrations.mailbox.reading import TOO_MUCH_HTML, Leaf, MailFile, Protection, Reading

ENCRYPTED: Final = "[This is encrypted, so it cannot be read here. It is kept as a file.]"
SIGNED: Final = "It came with a digital signature. FrontOffice does not check it."

#: A signed mail may have been signed again on its way.
_MOST_SIGNATURES: Final = 3


@dataclass(frozen=True)
class ParsedMail:
    """A mail as the help desk needs it. Everything in it is the sender's claim, but for `vouched`."""

    message_id: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    from_name: str
    from_address: str | None
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    sent_at: datetime | None
    text: str
    html: str | None
    files: tuple[MailFile, ...]
    vouched: Vouched
    automatic_because: str | None
    is_from_list: bool
    #: Who wrote it, where a mail group put its own address in From: the group's word (groups.py).
    written_by: Address | None
    #: The group's own server says that whoever wrote it failed the check of their sender.
    writer_was_refused: bool
    loop_marks: tuple[str, ...]
    #: Sentences: what could not be read.
    faults: tuple[str, ...]
    #: Sentences: what was done to read the rest.
    notes: tuple[str, ...] = ()
    protection: Protection = Protection.NONE

    @property
    def verified(self) -> bool:
        """The district's own server vouches that it comes from the address in From."""
        return self.vouched is Vouched.PASSED

    @property
    def is_automatic(self) -> bool:
        return self.automatic_because is not None

    def is_own_loop(self, mark: str) -> bool:
        """One of our own mails came back: it carries the mark that this district puts on each."""
        return mark.strip().lower() in self.loop_marks


def parse(
    raw: bytes, *, authserv_id: str | None = None, zone: str = "UTC", allowance: Allowance | None = None
) -> ParsedMail:
    """Read a mail. `authserv_id` names the district's own mail server, the only one believed (RFC 8601).

    Invitations tell times that were given in UTC in `zone`.
    """
    mail = Reading(raw, zone, allowance or Allowance())
    for step in STEPS:
        mail.attempt(step)
    return _described(mail, authserv_id)


# --- the steps --------------------------------------------------------------------------------------------


def mend(mail: Reading) -> None:
    """Blank lines, a mailbox's `From ` line, a space before a colon, a line that is no header."""
    mail.raw = mended(mail.raw)


def open_envelope(mail: Reading) -> None:
    """From here on there is a Part with headers."""
    mail.part = Part(mail.raw)


def take_apart(mail: Reading) -> None:
    """First to last. A forwarded mail is one part. What lies too deep is kept as a file."""
    mail.leaves = mail.leaves_of(mail.part)


def open_signed(mail: Reading) -> None:
    """The mail inside a signature takes the place of its container."""
    for _ in range(_MOST_SIGNATURES):
        mail.leaves = [one for leaf in mail.leaves for one in out_of_its_signature(mail, leaf)]


def keep_encrypted(mail: Reading) -> None:
    """S/MIME or PGP/MIME: kept as a file that its addressee can open."""
    kept = []
    for leaf in mail.leaves:
        held = cms.container(leaf.content) if leaf.kind in PKCS7 else None
        if held is cms.Container.ENCRYPTED:
            leaf.name, leaf.is_encrypted = leaf.name or "smime.p7m", True
        if held is cms.Container.COMPRESSED:
            mail.fault("A part is compressed S/MIME, which is not opened here; it is kept as a file.")
        if leaf.kind == "application/pgp-encrypted":
            continue  # "Version: 1", and nothing else
        if leaf.is_encrypted:
            mail.protection = Protection.ENCRYPTED
            leaf.name = leaf.name or "encrypted.asc"
            kept.append(mail.told(ENCRYPTED))
        kept.append(leaf)
    mail.leaves = kept


def open_winmail(mail: Reading) -> None:
    """Its files stand beside the others; its words are the mail's where the mail has none of its own."""
    opened: list[Leaf] = []
    for leaf in mail.leaves:
        is_parcel = leaf.kind in winmail.KINDS or leaf.name.lower() == "winmail.dat"
        opened += out_of_the_parcel(mail, leaf) if is_parcel else [leaf]
    mail.leaves = opened


def tell_invitation(mail: Reading) -> None:
    """Told once in the text, however often it was attached; and kept as a file for a calendar."""
    kept: list[Leaf] = []
    seen: set[bytes] = set()
    for leaf in mail.leaves:
        if leaf.kind in {"text/calendar", "application/ics"}:
            if leaf.content in seen:
                continue
            seen.add(leaf.content)
            calendar = to_text(leaf.content[:LONGEST_INVITATION], leaf.charset)
            words = invitation.told(calendar, zone=mail.zone)
            kept += [mail.told(words)] if words else []
            leaf.name, leaf.disposition = leaf.name or "invitation.ics", "attachment"
        kept.append(leaf)
    mail.leaves = kept


def lift_pictures(mail: Reading) -> None:
    """Before the HTML is cleaned: a photo in it is longer than all its words, and no words."""
    for leaf in [one for one in mail.leaves if one.is_words and one.kind == "text/html"]:
        leaf.content, pictures = pictures_in(leaf.content, first=len(mail.pictures) + 1)
        mail.pictures += pictures[: MOST_PICTURES_IN_TEXT - len(mail.pictures)]
    mail.files += mail.pictures


def gather_text(mail: Reading) -> None:
    """What is left is words to be read, or a file to be kept."""
    for leaf in mail.leaves:
        if leaf.is_words:
            mail.take_words(leaf)
        elif leaf.content or leaf.name:
            mail.files.append(
                MailFile(
                    name=file_name(leaf.name, leaf.kind, leaf.content, len(mail.files) + 1),
                    declared_type=leaf.kind,
                    content=leaf.content,
                    cid=leaf.cid or None,
                    inline=leaf.disposition != "attachment" and bool(leaf.cid),
                )
            )


def bare_pgp(mail: Reading) -> None:
    """Signed text is laid bare, an encrypted block becomes a file. HTML of the same block would show the armour."""
    for texts, htmls in mail.words.values():
        bared = [pgp.bared(text, instead=ENCRYPTED) for text in texts]
        if not any(one.is_signed or one.encrypted for one in bared):
            continue
        texts[:] = [one.text for one in bared]
        htmls.clear()
        locked = [block for one in bared for block in one.encrypted]
        mail.files += [
            MailFile("encrypted.asc", "application/pgp-encrypted", block.encode(), cid=None, inline=False)
            for block in locked
        ]
        if locked:
            mail.protection = Protection.ENCRYPTED
        elif mail.protection is Protection.NONE:
            mail.protection = Protection.SIGNED


def settle_text(mail: Reading) -> None:
    """Of each block the plain text, or its HTML told as text."""
    read = []
    for texts, htmls in mail.words.values():
        mail.allowance.check_time()
        plain = "\n\n".join(text.strip("\n") for text in texts)
        read.append(plain if plain.strip() else "\n\n".join(map(as_text, htmls)))
    text = "\n\n".join(filter(str.strip, read))
    if len(text) > LONGEST_TEXT:
        mail.fault("Its text is longer than is shown; the whole mail is kept.")
    mail.text = tidy(text[:LONGEST_TEXT]).rstrip()


def settle_html(mail: Reading) -> None:
    """Of each block the HTML, or its text; None when no part is HTML."""
    if not any(htmls for _, htmls in mail.words.values()):
        return
    shown = []
    for texts, htmls in mail.words.values():
        mail.allowance.check_time()
        cleaned = [clean(html) for html in htmls]
        if None in cleaned:
            mail.fault(TOO_MUCH_HTML)
        formatted = "\n".join(filter(None, cleaned))
        plain = escape("\n\n".join(texts).strip()).replace("\n", "<br>")
        shown.append(formatted or (f"<p>{plain}</p>" if plain else ""))
    mail.html = "\n".join(shown).strip() or None


def settle_files(mail: Reading) -> None:
    """A picture is of the text if the text shows it."""
    shown = cids_in(mail.html or "")
    mail.files = [replace(one, inline=one.inline and one.cid in shown) for one in mail.files]


STEPS: Final = (
    mend,
    open_envelope,
    take_apart,
    open_signed,
    keep_encrypted,
    open_winmail,
    tell_invitation,
    lift_pictures,
    gather_text,
    bare_pgp,
    settle_text,
    settle_html,
    settle_files,
)


# --- what the headers say ---------------------------------------------------------------------------------


def _described(mail: Reading, authserv_id: str | None) -> ParsedMail:
    headers = mail.part.headers
    senders = headers.addresses("from")
    sender = senders[0] if senders else None
    address = sender.address if sender else None
    return ParsedMail(
        message_id=next(iter(headers.ids("message-id")), None),
        in_reply_to=headers.ids("in-reply-to"),
        references=headers.ids("references"),
        from_name=sender.name if sender else "",
        from_address=address,
        reply_to=headers.addresses("reply-to"),
        to=headers.addresses("to"),
        cc=headers.addresses("cc"),
        subject=headers.words("subject")[:500],
        sent_at=headers.date(),
        text=mail.text,
        html=mail.html,
        files=tuple(mail.files),
        vouched=_checked(headers, senders, authserv_id, mail),
        automatic_because=why_automatic(headers, mail.part.kind, address),
        is_from_list=any(headers.first(name) for name in ("list-id", "list-unsubscribe", "list-post")),
        written_by=groups.written_by(headers, sender),
        writer_was_refused=groups.was_refused(headers.all("x-original-authentication-results")),
        loop_marks=tuple(mark.strip().lower() for mark in headers.all("x-frontoffice-loop")),
        faults=tuple(mail.faults),
        notes=(*mail.notes, *([SIGNED] if mail.protection is Protection.SIGNED else [])),
        protection=mail.protection,
    )


def _checked(headers: Headers, senders: Sequence[Address], authserv_id: str | None, mail: Reading) -> Vouched:
    if not senders:
        mail.fault("It has no sender's address.")
        return vouched(headers.all("authentication-results"), authserv_id, None)
    checked = vouched(headers.all("authentication-results"), authserv_id, senders[0].address)
    if len(headers.all("from")) == 1 and len(senders) == 1:
        return checked
    # Two senders: a server may have vouched for one and a reader see the other.
    mail.fault("It names more than one sender.")
    return Vouched.FAILED if checked is Vouched.PASSED else checked
