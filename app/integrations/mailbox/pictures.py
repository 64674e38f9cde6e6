"""Pictures that are written into HTML (data: URIs, RFC 2397): lifted out, with a content id in their place."""

import binascii
import re
from typing import Final

from app.integrations.mailbox.naming import ending
from app.integrations.mailbox.reading import MailFile

_PICTURE: Final = re.compile(
    rb"(?P<quote>[\"'])\s*data:(?P<kind>image/(?:png|jpeg|jpg|gif|webp|bmp));base64,(?P<data>[A-Za-z0-9+/=\s]*)(?P=quote)",
    re.IGNORECASE,
)


def pictures_in(html: bytes, *, first: int = 1) -> tuple[bytes, list[MailFile]]:
    """The HTML with `cid:` in place of each picture, and the pictures as files, numbered from `first`."""
    found: list[MailFile] = []

    def lifted(picture: re.Match[bytes]) -> bytes:
        try:
            content = binascii.a2b_base64(picture["data"])
        except binascii.Error:
            return b'""'
        kind = picture["kind"].decode("ascii").lower()
        number = first + len(found)
        found.append(
            MailFile(
                name=f"picture-{number}{ending(kind)}",
                declared_type=kind,
                content=content,
                cid=f"{number}@in-the-text",
                inline=True,
            )
        )
        return f'"cid:{number}@in-the-text"'.encode()

    return _PICTURE.sub(lifted, html), found
