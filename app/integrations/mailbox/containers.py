"""Parts that are opened for what lies in them: S/MIME with the mail inside, and Outlook's parcel."""

import mimetypes
from typing import Final

from app.integrations.mailbox import cms, winmail
from app.integrations.mailbox.parts import Part
from app.integrations.mailbox.reading import Leaf, Protection, Reading

PKCS7: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})


def out_of_its_signature(mail: Reading, leaf: Leaf) -> list[Leaf]:
    """The parts of the mail that an S/MIME signature holds inside, or the part itself."""
    if leaf.kind not in PKCS7 or cms.container(leaf.content) is not cms.Container.SIGNED:
        return [leaf]
    try:
        inner = Part(cms.signed_content(leaf.content))
    except ValueError:
        return [leaf]  # certificates alone, or a signature whose mail travels beside it
    mail.protection = Protection.SIGNED
    return mail.leaves_of(inner)


def out_of_the_parcel(mail: Reading, leaf: Leaf) -> list[Leaf]:
    """The files of a winmail.dat; and its words, where the mail has no others."""
    try:
        parcel = winmail.unpacked(leaf.content, mail.allowance)
    except winmail.Unreadable:
        leaf.name = leaf.name or "winmail.dat"
        mail.fault(
            "Outlook packed its files into winmail.dat, which could not be opened; it is kept as a file."
        )
        return [leaf]
    mail.notes.append(_what_lay_in(parcel))
    block = mail.new_block()
    found: list[Leaf] = []
    if not any(one.is_words and one.content.strip() for one in mail.leaves):
        found += [
            Leaf(kind, words.encode(), block, charset="utf-8")
            for kind, words in (("text/plain", parcel.text), ("text/html", parcel.html))
            if words.strip()
        ]
    return found + [
        Leaf(_kind(name), content, block, name=name or "file", disposition="attachment")
        for name, content in parcel.files
    ]


def _what_lay_in(parcel: winmail.Winmail) -> str:
    count = len(parcel.files)
    if not count:
        return "Outlook packed this mail into winmail.dat. It was unpacked, and there were no files in it."
    files = "a file" if count == 1 else f"{count} files"
    return f"Outlook packed {files} into winmail.dat. It was unpacked."


def _kind(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
