"""What is signed is read, what is encrypted is kept whole, and Outlook's parcel is unpacked."""

import base64
import gzip
import io
import struct
import subprocess
import time
import tracemalloc
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from app.integrations.mailbox import cms, rtf, winmail
from app.integrations.mailbox.allowance import Allowance
from app.integrations.mailbox.parse import ENCRYPTED, SIGNED, ParsedMail, parse
from app.integrations.mailbox.reading import Protection
from tests.integrations.outlook import FILE, MESSAGE, attribute, mapi, rich
from tests.integrations.outlook import winmail as parcel
from tests.integrations.test_parse import TEXT, mail, mixed

INNER = b"Content-Type: text/plain; charset=utf-8\r\n\r\nThe projector is gr\xc3\xbcn.\r\n"


@pytest.fixture(scope="module")
def pair() -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nora Bell")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return made, key


def signed(pair, content: bytes, *options: pkcs7.PKCS7Options, as_: Encoding = Encoding.DER) -> bytes:
    certificate, key = pair
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, hashes.SHA256())
    return builder.sign(as_, [pkcs7.PKCS7Options.Binary, *options])


def enclosed(data: bytes, kind: str = 'application/pkcs7-mime; name="smime.p7m"') -> bytes:
    head = f"From: bell@maple.example\r\nSubject: x\r\nContent-Type: {kind}\r\n"
    return head.encode() + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data)


# --- signed -----------------------------------------------------------------------------------------------


def test_a_mail_inside_its_signature_is_read(pair):
    found = parse(enclosed(signed(pair, INNER)))

    assert found.text == "The projector is grün."
    assert (found.files, found.faults, found.protection) == ((), (), Protection.SIGNED)
    assert found.notes == (SIGNED,)


def test_files_inside_a_signature_are_files_and_a_second_signature_is_opened_too(pair):
    inside = mixed(TEXT, "Content-Type: application/pdf; name=a.pdf\r\n\r\n%PDF").partition(b"\r\n")[2]
    twice = enclosed(signed(pair, inside)).partition(b"Subject: x\r\n")[2]

    found = parse(enclosed(signed(pair, twice)))
    assert (found.text, [one.name for one in found.files]) == ("It is dark.", ["a.pdf"])


def test_a_signature_beside_the_mail_leaves_the_mail_readable(pair):
    detached = signed(pair, INNER, pkcs7.PKCS7Options.DetachedSignature, as_=Encoding.SMIME)

    found = parse(b"From: bell@maple.example\r\n" + detached)
    assert (found.text, found.protection) == ("The projector is grün.", Protection.SIGNED)
    assert [one.name for one in found.files] == ["smime.p7s"]


def test_a_container_cut_into_pieces_of_unknown_length_is_opened():
    """As OpenSSL streams it (X.690, 8.1.3.6)."""
    octets = b"\x24\x80\x04\x08\r\n\r\nIt i\x04\x07s dark.\x00\x00"
    data = bytes.fromhex("06092a864886f70d010701") + b"\xa0\x80" + octets + b"\x00\x00"
    held = b"\x30\x80\x02\x01\x01\x31\x00\x30\x80" + data + b"\x00\x00" + b"\x00\x00"
    whole = b"\x30\x80" + bytes.fromhex("06092a864886f70d010702") + b"\xa0\x80" + held + b"\x00\x00\x00\x00"

    assert parse(enclosed(whole)).text == "It is dark."


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x80",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x80" * 5000,
        b"no container",
        b"\x24\x80" * 99,
    ],
)
def test_a_damaged_container_is_a_file(data):
    assert cms.container(data) is cms.Container.UNKNOWN
    assert parse(enclosed(data)).protection is Protection.NONE


def test_pgp_in_the_text_is_laid_bare():
    text = (
        "Hello\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nIt is dark.\n- --\nNora\n"
        "-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\nSent from home"
    )

    found = parse(mail(body=text))
    assert found.text == "Hello\nIt is dark.\n--\nNora\nSent from home"
    assert (found.protection, found.notes) == (Protection.SIGNED, (SIGNED,))


def test_pgp_mime_that_is_signed_is_read():
    signature = "Content-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----"

    found = parse(mixed(TEXT, signature, kind="signed; protocol=application/pgp-signature"))
    assert (found.text, found.protection) == ("It is dark.", Protection.SIGNED)
    assert [one.name for one in found.files] == ["attachment-1.asc"]


# --- encrypted --------------------------------------------------------------------------------------------


def test_an_encrypted_mail_is_kept_whole_and_says_so(pair):
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(INNER).add_recipient(pair[0])
    data = builder.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])

    found = parse(enclosed(data, "application/pkcs7-mime; smime-type=enveloped-data"))
    assert (found.text, found.protection) == (ENCRYPTED, Protection.ENCRYPTED)
    assert [(one.name, one.content) for one in found.files] == [("smime.p7m", data)]


def test_pgp_mime_that_is_encrypted_is_kept_whole_and_says_so():
    control = "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
    locked = "Content-Type: application/octet-stream\r\n\r\n-----BEGIN PGP MESSAGE-----\r\nhQE"

    found = parse(mixed(control, locked, kind="encrypted; protocol=application/pgp-encrypted"))
    assert (found.text, found.protection) == (ENCRYPTED, Protection.ENCRYPTED)
    assert [one.name for one in found.files] == ["encrypted.asc"]
    assert found.files[0].content.startswith(b"-----BEGIN PGP MESSAGE-----")


def test_an_encrypted_block_in_the_text_becomes_a_file_and_the_words_around_it_stay():
    block = "-----BEGIN PGP MESSAGE-----\n\nhQE\n-----END PGP MESSAGE-----\n"

    found = parse(mail(body=f"Hello\n{block}Nora"))
    assert found.text == f"Hello\n{ENCRYPTED}\nNora"
    assert [(one.name, one.content.decode()) for one in found.files] == [("encrypted.asc", block)]


def test_compressed_smime_is_kept_and_never_opened():
    """RFC 3274: a few bytes of it could become gigabytes."""
    data = b"\x30\x11" + bytes.fromhex("060b2a864886f70d0109100109") + b"\xa0\x02\x30\x00"

    found = parse(enclosed(data))
    assert [one.content for one in found.files] == [data]
    assert any("compressed" in fault for fault in found.faults)


# --- winmail.dat ------------------------------------------------------------------------------------------


def outlook(data: bytes, *parts: str | bytes) -> ParsedMail:
    head = b"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return parse(mixed(*parts, head + base64.encodebytes(data)), allowance=Allowance(seconds=2))


def test_files_come_out_of_outlooks_parcel():
    found = outlook(parcel({"Größe.txt": b"hello", "plan.pdf": b"%"}, body="the same again"), TEXT)

    assert [(one.name, one.content) for one in found.files] == [
        ("Größe.txt", b"hello"),
        ("plan.pdf", b"%"),
    ]
    assert (found.text, found.faults) == ("It is dark.", ())
    assert found.notes == ("Outlook packed 2 files into winmail.dat. It was unpacked.",)


@pytest.mark.parametrize(
    "data",
    [
        parcel(body="Grün – “dark”"),
        parcel(html="<p>Grün – “dark”</p>".encode()),
        parcel(rtf=rich(r"Gr\'fcn \u8211? \ldblquote dark\rdblquote{\*\gone away}{\fonttbl gone too}")),
    ],
    ids=["plain", "html", "rich"],
)
def test_words_come_out_of_a_parcel_when_the_mail_has_no_others(data):
    assert outlook(data).text == "Grün – “dark”"


def test_a_mail_attached_inside_a_parcel_gives_its_words_and_files():
    inner = bytes.fromhex("0703020000000000c000000000000046") + parcel({"in.txt": b"x"}, body="Inside")
    property_ = struct.pack("<IHHII", 1, 0x000D, 0x3701, 1, len(inner)) + inner + b"\0" * (-len(inner) % 4)
    outer = parcel() + attribute(FILE, 0x9002, 6, b"\0" * 14) + attribute(FILE, 0x8010, 1, b"Note\0")

    found = outlook(outer + attribute(FILE, 0x9005, 6, property_), TEXT)
    assert [one.name for one in found.files] == ["Note.txt", "in.txt"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x78\x9f\x3e\x22",
        b"nothing of the kind",
        parcel({"a": b"x"})[:-30] + b"\xff" * 30,
        # Four bytes that claim four billion properties: the library counts to the end.
        parcel() + attribute(MESSAGE, 0x9003, 6, b"\xff\xff\xff\xff" + b"\0" * 8),
        # One property of which there are said to be four billion.
        parcel() + attribute(MESSAGE, 0x9003, 6, struct.pack("<IHHI", 1, 0x1002, 1, 0xFFFFFFFF) + b"\0" * 8),
    ],
    ids=["empty", "only its sign", "another file", "damaged", "properties without end", "values without end"],
)
def test_a_parcel_that_cannot_be_opened_is_kept_and_the_mail_says_so(data):
    began = time.process_time()

    found = outlook(data, TEXT)

    assert time.process_time() - began < 2
    assert [(one.name, one.content) for one in found.files] == [("winmail.dat", data)]
    assert any("winmail.dat" in fault for fault in found.faults)
    assert found.text == "It is dark."


def test_the_reader_of_a_parcel_is_ended_by_the_system(monkeypatch):
    """Long before we would stop waiting for it."""
    monkeypatch.setattr(winmail, "WINMAIL_WAIT", 25)
    endless = parcel() + attribute(MESSAGE, 0x9003, 6, b"\xff\xff\xff\xff" + b"\0" * 8)

    with pytest.raises(winmail.Unreadable) as stopped:
        winmail.unpacked(endless, Allowance(seconds=1.5))

    assert isinstance(stopped.value.__cause__, subprocess.CalledProcessError)
    assert stopped.value.__cause__.returncode < 0


def test_compressed_rich_text_is_unpacked_within_bounds():
    """The example of MS-OXRTFCP §4.1, and a file that claims four gigabytes of one letter."""
    example = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    endless = (
        struct.pack("<II4sI", 12, 0xFFFFFFFF, b"LZFu", 0)
        + b"\x00"
        + b"a" * 8
        + (b"\xff" + b"\x0d\x0f" * 8) * 600_000
    )

    assert rtf.unpacked(example) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert len(rtf.unpacked(endless)) <= rtf.LONGEST_RTF + 200


def test_a_damaged_rich_text_costs_only_itself():
    data = parcel({"a.txt": b"x"}) + attribute(MESSAGE, 0x9003, 6, mapi((0x1009, b"damaged")))

    assert [one.name for one in outlook(data).files] == ["a.txt"]
    with pytest.raises(winmail.Unreadable):
        winmail.unpacked(b"x", Allowance())


# --- what stays packed ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bomb.zip", "bomb.gz"])
def test_an_archive_is_kept_and_never_opened(name):
    """A hundred megabytes of zeros in a hundred kilobytes: only whoever saves it can open it."""
    out = io.BytesIO()
    if name.endswith("zip"):
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros", "w") as member:
            for _ in range(100):
                member.write(b"\0" * 1_000_000)
    else:
        with gzip.GzipFile(fileobj=out, mode="wb") as zipped:
            for _ in range(100):
                zipped.write(b"\0" * 1_000_000)
    part = f"Content-Type: application/zip; name={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode()

    raw = mixed(TEXT, part + base64.encodebytes(out.getvalue()))
    tracemalloc.start()
    found = parse(raw)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert [one.content for one in found.files] == [out.getvalue()]
    assert peak < 5_000_000
