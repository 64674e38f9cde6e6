"""Mail that nobody would write: whole mails taken and broken in the ways in which mail breaks, for Hypothesis.

`check` is what holds for every mail there is. The short run is in test_wild_mail.py, the long one in tests/fuzz.py.
"""

import base64
import tracemalloc

from hypothesis import strategies as st

from app.integrations.mailbox import forwarded, quote, reports
from app.integrations.mailbox.allowance import LONGEST_TEXT, MOST_FILES_IN_WINMAIL, MOST_PARTS
from app.integrations.mailbox.parse import ParsedMail, parse
from tests.integrations.outlook import rich, winmail
from tests.needs import PUBLIC_MAIL

#: What any mail may take of memory: what the house needs for the smallest, and some times its own size.
MEMORY = 24 * 1024 * 1024
TIMES_ITS_SIZE = 12

_HEAD = (
    b"From: Nora Bell <bell@maple.example>\r\nTo: help@maple.example\r\nSubject: =?utf-8?q?Gr=C3=BCn?=\r\n"
)
_CALENDAR = (
    b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Tea\r\nDTSTART;TZID=America/Chicago:20261123T081500\r\n"
    b"DURATION:PT1H\r\nORGANIZER;CN=Nora:mailto:bell@maple.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
_SIGNED = (
    b"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nDark.\r\n-----BEGIN PGP SIGNATURE-----\r\nx\r\n"
    b"-----END PGP SIGNATURE-----\r\n-----BEGIN PGP MESSAGE-----\r\nx\r\n-----END PGP MESSAGE-----\r\n"
)


def _mixed(*parts: bytes, kind: bytes = b"mixed") -> bytes:
    joined = b"".join(b"--zz\r\n" + part + b"\r\n" for part in parts)
    return _HEAD + b'Content-Type: multipart/%s; boundary="zz"\r\n\r\n' % kind + joined + b"--zz--\r\n"


def _binary(kind: bytes, data: bytes) -> bytes:
    return b"Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\n\r\n" % kind + base64.encodebytes(data)


_TEXT = b'Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B-!$"\x1b(B dark'
_HTML = (
    b"Content-Type: text/html; charset=gb2312\r\n\r\n<p style='border:none'>dark <a href='https://a.example'>x</a>"
    b'<img src="data:image/png;base64,aGVsbG8="><img src="cid:one"><blockquote>old</blockquote><!-- x -->'
)

#: Small mails of our own, one of each shape that is read.
OWN = (
    _HEAD + b"\r\nHello",
    _HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BCn=\r\n dark",
    _HEAD + b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n#86)C\r\n`\r\nend\r\n",
    _HEAD + b"\r\n" + _SIGNED,
    _HEAD + b"Content-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\nSubject: inner\r\n\r\nInside",
    _mixed(_TEXT, _HTML, kind=b"alternative"),
    _mixed(
        _HTML,
        b"Content-Type: image/png; name*0*=utf-8''%e2%82; name*1=ac.png\r\nContent-ID: <one>\r\n\r\nx",
        kind=b"related",
    ),
    _mixed(_TEXT, b"Content-Type: text/calendar; method=REQUEST\r\n\r\n" + _CALENDAR, kind=b"alternative"),
    _mixed(_TEXT, b"Content-Type: application/pgp-signature\r\n\r\nx", kind=b"signed"),
    _mixed(
        b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1",
        b"Content-Type: application/octet-stream\r\n\r\nx",
        kind=b"encrypted",
    ),
    _mixed(
        _TEXT,
        b"Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; x@y.example\r\nStatus: 5.1.1",
        kind=b"report",
    ),
    _mixed(_mixed(_TEXT, _HTML).replace(b"zz", b"yy").partition(b"\r\n")[2], _TEXT),
    _HEAD
    + _binary(
        b"application/pkcs7-mime",
        bytes.fromhex(
            "3080"
            "06092a864886f70d010702"
            "a080"
            "3080"
            "020101"
            "3100"
            "3080"
            "06092a864886f70d010701"
            "a080"
            "2480"
            "0408"
            "0d0a0d0a49742069"
            "0407"
            "73206461726b2e"
            "0000"
            "0000"
            "0000"
            "0000"
            "0000"
            "0000"
        ),
    ),
)
#: Kept apart: each costs a process of its own.
PARCELS = (_mixed(_TEXT, _binary(b"application/ms-tnef", winmail({"a.txt": b"x"}, body="b", rtf=rich("c")))),)

HOSTILE = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\x1b$B",
    b"--zz\r\n",
    b"--zz--\r\n",
    b"=?utf-8?b?",
    b"?=",
    b"=?gb2312?q?=FF?=",
    b"(" * 50,
    b'"' * 7,
    b"<" * 50,
    b"&" * 50,
    b"<!--",
    b"<![CDATA[",
    b"<script>",
    b"cid:",
    b"data:image/png;base64,",
    b"Content-Type: multipart/mixed; boundary=zz\r\n",
    b"Content-Type: text/html; charset=utf-16\r\n",
    b"charset=ks_c_5601-1987",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Bcc: everyone@maple.example\r\n",
    b"X-FrontOffice-Ticket: 1001\r\n",
    b"From: a: b@c.example;\r\n",
    b"filename*0*=utf-8''%e2%82; filename*1*=%ac",
    b'name="../../x"',
    b"{{ 7*7 }}",
    b"-----BEGIN PGP MESSAGE-----",
    b"\\u-1?",
    b"\x24\x80",
    "\u202e\ud7ff".encode(),
    b"Date: Thu, 99 Foo 20266 99:99:99 +9999\r\n",
    b"Message-ID: <" + b"x" * 2000 + b">\r\n",
    b"DTSTART:99999999T999999Z\r\n",
)
CHARSETS = (
    b"utf-8",
    b"utf-16",
    b"utf-7",
    b"gb2312",
    b"iso-2022-jp",
    b"iso-2022-kr",
    b"hz",
    b"cp949",
    b"idna",
    b"punycode",
    b"x-nobody",
    b"",
)


def seeds() -> list[bytes]:
    """Mails to be broken: our own, and the public ones where they are."""
    public = sorted(PUBLIC_MAIL.rglob("*.eml")) if PUBLIC_MAIL.is_dir() else []
    return [*OWN, *(path.read_bytes()[:60_000] for path in public)]


@st.composite
def broken(draw: st.DrawFn, mails: list[bytes]) -> bytes:
    """A mail with a few things wrong."""
    raw = bytearray(draw(st.sampled_from(mails)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, max(len(raw) - 1, 0)))
        match draw(
            st.sampled_from(["flip", "cut", "twice", "hostile", "charset", "short", "within", "bytes"])
        ):
            case "flip" if raw:
                raw[at] ^= draw(st.integers(1, 255))
            case "cut":
                del raw[at : at + draw(st.integers(1, 200))]
            case "twice":
                raw[at:at] = raw[at : at + draw(st.integers(1, 400))]
            case "hostile":
                raw[at:at] = draw(st.sampled_from(HOSTILE)) * draw(st.sampled_from((1, 1, 2, 40)))
            case "charset":
                for name in (b"utf-8", b"iso-2022-jp", b"gb2312", b"iso-8859-1", b"us-ascii"):
                    raw = raw.replace(name, draw(st.sampled_from(CHARSETS)), 3)
            case "short":
                del raw[at:]
            case "within":
                depth = draw(st.sampled_from((1, 3, 40)))
                for number in range(depth):
                    head = b'Content-Type: multipart/mixed; boundary="w%d"\r\n\r\n--w%d\r\n' % (
                        number,
                        number,
                    )
                    raw[:0] = head
            case _:
                raw[at:at] = draw(st.binary(max_size=64))
    return bytes(raw)


def any_mail(mails: list[bytes]) -> st.SearchStrategy[bytes]:
    """Mostly broken mails, sometimes no mail at all."""
    return st.one_of(broken(mails), broken(mails), broken(mails), st.binary(max_size=4000))


def check(raw: bytes) -> int:
    """What holds for every mail; the memory that it took. Raises AssertionError."""
    tracemalloc.start()
    try:
        found = parse(raw, authserv_id="mx.maple.example", zone="America/Chicago")
        quote.split(found.text)
        forwarded.forwarded_in(found)
        reports.report_in(found)
        reports.report_in_words(found)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= MEMORY + TIMES_ITS_SIZE * len(raw), f"{peak} bytes of memory for a mail of {len(raw)}"
    _is_sound(found)
    return peak


def _is_sound(found: ParsedMail) -> None:
    # A step that failed says so in a fault. It must not cost the rest, and it is still to be mended.
    assert not [fault for fault in found.faults if "could not be read whole" in fault or "One part" in fault]
    names = [found.subject, found.from_name, *(one.name for one in (*found.to, *found.cc, *found.reply_to))]
    ids = [*found.references, *found.in_reply_to, *([found.message_id] if found.message_id else [])]
    addresses = [one.address for one in (*found.to, *found.cc, *found.reply_to)]
    for line in (*names, *ids, *addresses, found.from_address or "", *(one.name for one in found.files)):
        assert not set(line) & set("\r\n\0"), line
        line.encode()
    for text in (found.text, found.html or "", *found.faults, *found.notes):
        assert "\0" not in text
        text.encode()
    assert len(found.text) <= LONGEST_TEXT
    assert len(found.files) <= MOST_PARTS + MOST_FILES_IN_WINMAIL + 100
    assert all(one.name for one in found.files)
    assert "javascript:" not in (found.html or "").lower().replace("&", "")
