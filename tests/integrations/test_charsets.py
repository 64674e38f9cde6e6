"""Bytes of unknown honesty become the text that was meant."""

import base64

import pytest

from app.integrations.mailbox.charsets import to_text
from app.integrations.mailbox.parse import parse
from tests.integrations.test_parse import mail


@pytest.mark.parametrize(
    ("declared", "written_in", "text"),
    [
        ("gb2312", "gb18030", "朱镕基 €"),  # not in GB 2312
        ("GBK", "gb18030", "㐀"),
        ("ks_c_5601-1987", "cp949", "똠방각하"),  # not in KS C 5601
        ("euc-kr", "cp949", "뷁"),
        ("shift_jis", "cp932", "①髙橋㈱"),
        ("x-sjis", "cp932", "髙橋"),
        ("iso-2022-jp", "iso2022_jp", "すみません。"),
        ("iso-8859-1", "cp1252", "“Größe” – 5 €"),
        ("iso-8859-9", "cp1254", "“İstanbul”"),
        ("x-mac-roman", "mac_roman", "Größe"),
        ("big5", "big5", "中文"),
        ("windows-1251", "cp1251", "Привет"),
        ("koi8-r", "koi8_r", "Привет"),
        ("utf-16", "utf-16", "Größe"),
        ("utf-8", "utf-8-sig", "Größe"),
        ("iso-8859-1", "utf-8-sig", "Größe"),
        ("utf-8", "utf-16", "Größe"),
        ("utf-8", "cp1252", "Größe – gut"),
        ("us-ascii", "utf-8", "Größe"),
        ("x-nobody-knows", "utf-8", "Größe"),
        ("idna", "utf-8", "Größe"),
        ("utf-7", "utf-7", "Größe <b>"),
        ("", "utf-8", "Größe"),
    ],
)
def test_the_declared_charset_is_read_as_senders_mean_it(declared, written_in, text):
    data = text.encode(written_in)
    kind = f'Content-Type: text/plain; charset="{declared}"'
    head = f"From: bell@maple.example\r\n{kind}\r\nContent-Transfer-Encoding: base64"

    assert to_text(data, declared) == text
    assert parse(head.encode() + b"\r\n\r\n" + base64.b64encode(data)).text == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x1b$B-!-j\x1b(B", "①㈱"),  # Microsoft's own row 13
        (b"\x1b$B\x79\x21\x1b(B", "纊"),
        (b"\x1b(I\x31\x32\x33\x1b(B", "ｱｲｳ"),
        (b"\x1b(JA\x1b$@$\"\x1b(B!", "Aあ!"),
        (b"\x1b$B$\"\nplain again", "あ\nplain again"),  # no escape back before the line end
        (b"\x1b$B$\"$", "あ"),
        (b"\x1b$(D\x30\x21\x1b(B", "丂"),  # JIS X 0212
        (b"no escape at all", "no escape at all"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("declared", ["iso-2022-jp", "ISO-2022-JP-MS", "cp50221", "iso-2022-jp-2"])
def test_japanese_mail_is_read_with_the_signs_that_the_standard_lacks(data, text, declared):
    assert to_text(data, declared) == text


def test_a_nul_reaches_nothing():
    raw = mail("Subject: a\x00b", "Content-Type: text/html", body="<p>a\x00b</p>")

    found = parse(raw)
    assert (found.subject, found.text, found.html) == ("ab", "ab", "<p>ab</p>")


@pytest.mark.parametrize(
    ("encoding", "body", "text"),
    [
        ("base64", "SXQgaXMgZGFyay4", "It is dark."),  # no padding
        ("base64", "SXQg*aXMg\r\n!!ZGFyay4=", "It is dark."),
        ("base64", "SXQgaXMgZGFyay4=Z", "It is dark."),
        ("quoted-printable", "It is =\r\ndark.=", "It is dark."),
        ("quoted-printable", "100=% dark =ZZ", "100=% dark =ZZ"),
        ("QUOTED-PRINTABLE ", "Gr=C3=BCn", "Grün"),
        ("x-unknown", "It is dark.", "It is dark."),
        ("8bit; charset=utf-8", "Grün", "Grün"),
    ],
)
def test_a_broken_encoding_gives_what_it_can(encoding, body, text):
    assert parse(mail(f"Content-Transfer-Encoding: {encoding}", body=body)).text == text
