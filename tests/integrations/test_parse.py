"""Raw bytes become a ParsedMail, and nothing that comes in the post makes it raise."""

import time
import tomllib
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.integrations.mailbox.allowance import MOST_PARTS, Allowance
from app.integrations.mailbox.authentication import Vouched
from app.integrations.mailbox.parse import ParsedMail, parse
from tests.needs import PUBLIC_MAIL

PUBLIC_MAILS = sorted(PUBLIC_MAIL.rglob("*.eml")) if PUBLIC_MAIL.is_dir() else []

needs_public_mail = pytest.mark.skipif(
    not PUBLIC_MAILS, reason="The public mail is not here: set FRONTOFFICE_PUBLIC_MAIL to its folder."
)


def mail(*lines: str, body: str = "Hello", charset: str = "utf-8") -> bytes:
    given = ["From: Nora Bell <bell@maple.example>", "To: help@maple.example", *lines]
    return ("\r\n".join(given) + "\r\n\r\n" + body).encode(charset)


def mixed(*parts: str | bytes, kind: str = "mixed", head: str = "") -> bytes:
    """A multipart mail of parts that bring their own headers."""
    joined = b"".join(
        b"--zz\r\n" + (part.encode() if isinstance(part, str) else part) + b"\r\n" for part in parts
    )
    lines = f'From: bell@maple.example\r\n{head}Content-Type: multipart/{kind}; boundary="zz"\r\n\r\n'
    return lines.encode() + joined + b"--zz--\r\n"


# --- mails that others wrote ------------------------------------------------------------------------------


@needs_public_mail
@pytest.mark.parametrize("path", PUBLIC_MAILS, ids=lambda path: path.name)
def test_a_public_mail_is_read_without_a_word_of_complaint_and_without_nul(path):
    found = parse(path.read_bytes())

    assert isinstance(found, ParsedMail)
    for text in (
        found.text,
        found.subject,
        found.from_name,
        found.html or "",
        *(one.name for one in found.files),
    ):
        assert "\x00" not in text


EXPECTED = tomllib.loads(Path(__file__).with_name("public_mail_expected.toml").read_text())


@needs_public_mail
@pytest.mark.parametrize("name", EXPECTED)
def test_the_headers_and_file_names_of_a_hard_mail_are_read_as_a_person_reads_them(name):
    found = _public(name)

    assert {
        "subject": found.subject,
        "address": found.from_address or "",
        "name": found.from_name,
        "files": [one.name for one in found.files],
    } == EXPECTED[name]


def _public(name: str) -> ParsedMail:
    path = next((one for one in PUBLIC_MAILS if one.name == name), None)
    assert path is not None, name
    return parse(path.read_bytes())


@needs_public_mail
@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("attachment_nonascii_filename.eml", ["ciële.txt"]),
        ("attachment_with_base64_encoded_name.eml", ["This is a test.pdf"]),
        ("attachment_with_quoted_filename.eml", ["Eelanalüüsi päring.jpg"]),
        ("attachment_with_unquoted_name.eml", ["This is a test.txt"]),
        ("attachment_only_email.eml", ["blah.gz"]),
        ("attachment_pdf.eml", ["broken.pdf"]),
        ("japanese_attachment.eml", ["てすと.txt"]),
        ("japanese_attachment_long_name.eml", ["かきくけこ" * 5 + ".txt"]),
        ("raw_email2.eml", ["smime.p7s"]),
        ("attachment_message_rfc822.eml", ["ForwardedMessage.eml"]),
    ],
)
def test_the_names_of_files_survive(name, files):
    assert [one.name for one in _public(name).files] == files


@needs_public_mail
@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("japanese.eml", "まみむめも"),
        ("raw_email.eml", "NOTE: 한국말로 하는 것"),
        ("attachment_pdf.eml", "Another PDF with 🎉 Unicode chars in it 🍿"),
        ("raw_email_with_partially_quoted_subject.eml", 'Re: Test: "漢字" mid "漢字" tail'),
        ("utf8_headers.eml", "Säying Hello"),
        ("raw_email_incorrect_header.eml", "Stop adware/spyware once and for all."),
        ("example13.eml", "Saying Hello"),
    ],
)
def test_subjects_survive(name, subject):
    assert _public(name).subject == subject


@needs_public_mail
@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("example10.eml", "pete@silly.test"),
        ("cant_parse_from.eml", "news@insideapple.apple.com"),
        ("raw_email_incorrect_header.eml", "xxx@xxx.xxx"),
        ("bad_encoded_subject.eml", None),
        ("raw_email_string_in_date_field.eml", "mikel@me.com"),
    ],
)
def test_senders_survive(name, address):
    assert _public(name).from_address == address


@needs_public_mail
@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("japanese_iso_2022.eml", "すみません。"),
        ("japanese_shift_jis.eml", "あいうえお"),
        ("ks_c_5601-1987.eml", "스티해"),
        ("raw_email_encoded_stack_level_too_deep.eml", "Nicolas Fouché has accepted"),
    ],
)
def test_bodies_in_old_charsets_are_read(name, begins):
    assert _public(name).text.startswith(begins)


@needs_public_mail
@pytest.mark.parametrize(
    "path",
    [one for one in PUBLIC_MAILS if one.parent.name == "multipart_report_emails"],
    ids=lambda path: path.name,
)
def test_a_delivery_report_is_automatic(path):
    assert parse(path.read_bytes()).is_automatic


# --- headers ----------------------------------------------------------------------------------------------


def test_a_mail_is_read():
    found = parse(
        mail(
            "Cc: =?utf-8?q?B=C3=A4rbel?= <b@maple.example>, (nobody) c@maple.example",
            "Subject: The projector",
            "Date: Mon, 23 Nov 2026 08:15:00 -0600",
            "Message-ID: <one@maple.example>",
            "In-Reply-To: <two@maple.example>",
            "References: <three@maple.example>\r\n <two@maple.example>",
            body="It is dark.\r\nQuite dark.\r\n",
        )
    )

    assert (found.from_name, found.from_address) == ("Nora Bell", "bell@maple.example")
    assert [(one.name, one.address) for one in found.cc] == [
        ("Bärbel", "b@maple.example"),
        ("nobody", "c@maple.example"),
    ]
    assert found.subject == "The projector"
    assert found.sent_at == datetime(2026, 11, 23, 14, 15, tzinfo=UTC)
    assert found.message_id == "<one@maple.example>"
    assert found.in_reply_to == ("<two@maple.example>",)
    assert found.references == ("<three@maple.example>", "<two@maple.example>")
    assert found.text == "It is dark.\nQuite dark."
    assert found.html is None
    assert found.faults == ()
    assert not found.is_automatic


@pytest.mark.parametrize(
    "raw", [b"", b"\x00", b"\r\n\r\n", b"no mail at all", b"From: \r\n\r\nHello", b":\r\n: :\r\n"]
)
def test_a_mail_without_a_sender_is_read_and_says_so(raw):
    found = parse(raw)

    assert found.from_address is None
    assert "It has no sender's address." in found.faults


def test_a_family_name_that_was_cut_between_two_encoded_words_is_whole():
    cut = "=?utf-8?b?w6nDqQ==?= =?utf-8?b?w6k=?="  # two words, as mailers fold them
    torn = "=?utf-8?b?ww==?= =?utf-8?b?qQ==?="  # a letter torn in two, as careless ones do

    assert parse(mail(f"Subject: {cut}")).subject == "ééé"
    assert parse(mail(f"Subject: {torn}")).subject == "é"


def test_a_broken_encoded_word_stays_as_it_stands():
    assert parse(mail("Subject: =?utf-8?x?abc?= and =?nosuch?b?YWJj?=")).subject == "=?utf-8?x?abc?= and abc"


def test_eight_bit_headers_are_read_in_utf_8_or_as_the_body_is():
    assert parse(mail("Subject: Café")).subject == "Café"
    latin = mail(
        "Subject: Café", "Content-Type: text/plain; charset=iso-8859-1", body="Café", charset="latin-1"
    )
    assert (parse(latin).subject, parse(latin).text) == ("Café", "Café")
    big5 = mail("Subject: 中文", "Content-Type: text/plain; charset=big5", body="中文", charset="big5")
    assert (parse(big5).subject, parse(big5).text) == ("中文", "中文")


def test_a_wrong_or_unknown_charset_is_not_believed():
    assert parse(mail("Content-Type: text/plain; charset=us-ascii", body="Café ’")).text == "Café ’"
    assert parse(mail("Content-Type: text/plain; charset=x-klingon", body="Café")).text == "Café"
    assert parse(mail("Content-Type: text/plain; charset=idna", body="Café")).text == "Café"
    windows = mail("Content-Type: text/plain; charset=utf-8", body="Café – naïve", charset="cp1252")
    assert parse(windows).text == "Café – naïve"


def test_one_broken_byte_does_not_spoil_the_rest():
    raw = mail("Content-Type: text/plain; charset=utf-8", body="Größe, Straße") + b" \xff"

    assert parse(raw).text.startswith("Größe, Straße")


def test_text_is_nfc_and_without_nul_or_control_characters():
    raw = mail("Subject: Cafe\u0301\x00\x07", body="Cafe\u0301\x00 \x1b[31m\u200bred")

    found = parse(raw)
    assert found.subject == "Café"
    assert "\x00" not in found.text
    assert "\x1b" not in found.text
    assert found.text.startswith("Café")


def test_a_subject_never_has_two_lines():
    assert "\n" not in parse(mail("Subject: =?utf-8?q?one=0D=0ABcc:_x@y?=")).subject


@pytest.mark.parametrize(
    ("header", "ids"),
    [
        ("<a@b>", ("<a@b>",)),
        ("Your mail of Monday <a@b> (and more)", ("<a@b>",)),
        ("a@b c@d", ("<a@b>", "<c@d>")),
        ("<a@b><c@d>", ("<a@b>", "<c@d>")),
        ("< a@b >", ("<a@b>",)),
        ("", ()),
        ("nothing of the kind", ()),
    ],
)
def test_message_ids_are_found_in_whatever_stands_there(header, ids):
    assert parse(mail(f"In-Reply-To: {header}")).in_reply_to == ids


def test_a_blank_before_the_colon_or_a_line_that_is_no_header_loses_nothing():
    raw = b"Subject : dark\r\nthis is no header\r\nFrom : bell@maple.example\r\n\r\nHello"

    found = parse(raw)
    assert (found.subject, found.from_address, found.text) == ("dark", "bell@maple.example", "Hello")


def test_a_body_that_began_without_a_blank_line_is_still_the_body():
    assert "It is dark" in parse(b"From: bell@maple.example\r\nIt is dark\r\nin here").text


def test_a_mailbox_line_before_the_headers_is_not_one_of_them():
    found = parse(b"From bell Mon Nov 23 08:00:00 2026\nFrom: bell@maple.example\nSubject: x\n\nHello")

    assert (found.from_address, found.subject) == ("bell@maple.example", "x")


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ('"Bell, Nora" <bell@maple.example>', "bell@maple.example"),
        ("bell@maple.example (Nora Bell)", "bell@maple.example"),
        ("<BELL@Maple.Example>", "bell@maple.example"),
        ("Staff: bell@maple.example, ortiz@maple.example;", "bell@maple.example"),
        ("undisclosed-recipients:;", None),
        ("principal@maple.example <mallory@evil.example>", "mallory@evil.example"),
        ("=?utf-8?q?principal=40maple=2Eexample?= <mallory@evil.example>", "mallory@evil.example"),
        ('"open quote <bell@maple.example>', "bell@maple.example"),
        ("Nora <bell(of North) @ maple . example>", "bell@maple.example"),
    ],
)
def test_the_address_is_the_one_that_counts(value, address):
    assert parse(f"From: {value}\r\n\r\nHello".encode()).from_address == address


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("Pete(A wonderful \\) chap) <pete@maple.example>", "Pete"),
        ("(Nora) <bell@maple.example>", "Nora"),
        ('"Bell (Nora)" <bell@maple.example>', "Bell (Nora)"),
        ("bell@maple.example", ""),
    ],
)
def test_the_name_is_the_one_that_is_shown(value, name):
    assert parse(f"From: {value}\r\n\r\nHello".encode()).from_name == name


def test_a_first_header_with_a_blank_before_its_colon_is_no_mailbox_line():
    assert parse(b"From  : bell@maple.example\r\n\r\nHello").from_address == "bell@maple.example"


# --- files and bodies -------------------------------------------------------------------------------------

TEXT = "Content-Type: text/plain\r\n\r\nIt is dark."
HTML = "Content-Type: text/html\r\n\r\n<p>It is <b>dark</b>.<img src='cid:photo'><img src='https://spy.example/x.gif'></p>"


def test_text_is_preferred_and_html_is_kept_beside_it():
    found = parse(mixed(TEXT, HTML, kind="alternative"))

    assert found.text == "It is dark."
    assert found.html is not None
    assert "<b>dark</b>" in found.html


def test_html_alone_is_told_as_text():
    found = parse(
        mail(
            "Content-Type: text/html",
            body='<p>See <a href="https://a.example/b">this</a></p><ul><li>one</ul>',
        )
    )

    assert found.text == "See this <https://a.example/b>\n\n- one"


def test_a_footer_in_plain_text_does_not_hide_a_body_in_html():
    found = parse(mixed(HTML, "Content-Type: text/plain\r\n\r\nSent through the staff list"))

    assert "It is dark" in found.text
    assert "Sent through the staff list" in found.text
    assert "Sent through the staff list" in (found.html or "")


def test_an_image_of_the_mail_is_inline_and_one_from_elsewhere_is_not_loaded():
    image = (
        b"Content-Type: image/png\r\nContent-ID: <photo>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0K"
    )

    found = parse(mixed(HTML, image, kind="related"))
    assert "cid:photo" in (found.html or "")
    assert "spy.example" not in (found.html or "")
    (file,) = found.files
    assert (file.cid, file.inline, file.declared_type) == ("photo", True, "image/png")


def test_an_image_that_the_text_does_not_show_is_a_file_like_others():
    image = b"Content-Type: image/png\r\nContent-ID: <other>\r\n\r\nxx"

    assert [one.inline for one in parse(mixed(TEXT, image)).files] == [False]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf", "Größe.pdf"),
        ("attachment; filename*0*=utf-8''Gr%C3%B6; filename*1*=%C3%9Fe; filename*2=.pdf", "Größe.pdf"),
        ('attachment; filename="=?utf-8?b?R3LDtsOfZS5wZGY=?="', "Größe.pdf"),
        ('attachment; filename="Größe.pdf"', "Größe.pdf"),
        ("attachment; filename=Class list.pdf", "Class list.pdf"),
        ('attachment; filename="a;b.pdf"', "a;b.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        (r'attachment; filename="C:\\Users\\nora\\photo.jpg"', "photo.jpg"),
        ('attachment; filename="photo\u202egpj.exe"', "photogpj.exe"),
        ('attachment; filename="' + "x" * 400 + '.pdf"', "x" * 120 + ".pdf"),
        ("attachment", "attachment-1.pdf"),
        ('attachment; filename="..."', "attachment-1.pdf"),
    ],
)
def test_file_names_are_names(header, name):
    part = f"Content-Type: application/pdf\r\nContent-Disposition: {header}\r\n\r\n%PDF".encode()

    (file,) = parse(mixed(TEXT, part)).files
    assert (file.name, file.content) == (name, b"%PDF")


def test_a_forwarded_mail_is_a_file_of_its_own():
    inner = (
        "Content-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\nSubject: inner\r\n\r\nFrom the inner mail"
    )

    found = parse(mixed(TEXT, inner))
    assert found.text == "It is dark."
    (file,) = found.files
    assert file.name == "inner.eml"
    assert b"Subject: inner" in file.content
    assert b">From" not in file.content


def test_broken_base64_gives_what_it_can():
    part = "Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBOR*w0K\r\n!!!"

    assert parse(mixed(TEXT, part)).files[0].content.startswith(b"\x89PNG")


# --- bounds -----------------------------------------------------------------------------------------------


def _nested(depth: int) -> bytes:
    head = b"From: bell@maple.example\r\nSubject: deep\r\n"
    opened = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (number, number)
        for number in range(depth)
    )
    return head + opened + b"Content-Type: text/plain\r\n\r\nfound me"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(_nested(1000), id="a thousand parts inside each other"),
        pytest.param(_nested(60), id="sixty parts inside each other"),
        pytest.param(mixed(*[TEXT] * 5000), id="five thousand parts"),
        pytest.param(mail("Content-Type: text/html", body="<div>" * 200_000), id="200,000 open elements"),
        pytest.param(mail("Content-Type: text/html", body="<b>x" * 700_000), id="a very long page"),
        pytest.param(mail(*[f"X-{number}: y" for number in range(50_000)]), id="50,000 headers"),
        pytest.param(mail("Subject: " + "=?utf-8?q?a?= " * 100_000), id="100,000 encoded words"),
        pytest.param(mail("Cc: " + "(" * 200_000), id="200,000 brackets"),
        pytest.param(mail("Cc: " + '"a" <' * 50_000), id="50,000 angle brackets"),
        pytest.param(mail("References: " + "<" * 200_000), id="200,000 opening brackets of ids"),
        pytest.param(mail("Content-Type: text/plain; " + "a*0*=b; " * 50_000), id="50,000 parameters"),
        pytest.param(mail("Authentication-Results: " + "(" * 100_000), id="100,000 comments"),
        pytest.param(
            b"From: bell@maple.example\r\nSubject: big\r\n\r\n" + b"x" * 30_000_000, id="30 MB of text"
        ),
    ],
)
def test_a_monstrous_mail_is_bounded_in_time_and_kept(raw):
    began = time.process_time()

    found = parse(raw, authserv_id="mx.maple.example")

    assert time.process_time() - began < 5
    assert found.from_address == "bell@maple.example"
    assert len(found.text) <= 500_000
    assert len(found.files) <= MOST_PARTS


@pytest.mark.parametrize(
    "body",
    [
        b"x\n" * 12_500_000,
        b"\n" * 25_000_000,
        b"--zz\n" * 5_000_000,
        b"x" * 25_000_000,
        "é".encode() * 12_500_000,
    ],
    ids=["short lines", "line ends", "boundaries", "one line", "letters of two bytes"],
)
@pytest.mark.parametrize("kind", ["text/plain", "text/html", "multipart/mixed; boundary=zz"])
def test_twenty_five_megabytes_are_read_in_a_few(body, kind):
    raw = f"From: bell@maple.example\r\nContent-Type: {kind}\r\n\r\n".encode() + body

    tracemalloc.start()
    parse(raw)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < len(raw) + 40_000_000


@pytest.mark.parametrize(
    "html",
    ["<!--", "<!", "<?", "<![CDATA[", "</a ", "&", "<a b='", "<script>", "<a " + "a=", "<b>x", "<table>x"],
)
def test_badly_formed_html_is_read_in_bounded_time(html):
    began = time.process_time()

    parse(mail("Content-Type: text/html", body=html * (990_000 // len(html))))

    assert time.process_time() - began < 5


def test_a_mail_that_takes_too_long_is_left_where_it_stands_and_says_so():
    found = parse(mixed(TEXT, TEXT), allowance=Allowance(seconds=0))

    assert (found.from_address, found.text) == ("bell@maple.example", "")
    assert any("takes longer than" in fault for fault in found.faults)


def test_parts_that_are_too_many_bytes_together_are_left_out():
    found = parse(mixed(TEXT, TEXT), allowance=Allowance(bytes_left=15))

    assert found.text == "It is dark."
    assert any("MB together" in fault for fault in found.faults)


def test_pictures_written_into_html_become_files_of_the_text():
    html = (
        "<p>x</p><img src=\"data:image/png;base64,aGVsbG8=\"><img src='data:image/svg+xml;base64,aGVsbG8='>"
    )

    found = parse(mail("Content-Type: text/html", body=html))
    assert [(one.name, one.content, one.inline) for one in found.files] == [("picture-1.png", b"hello", True)]
    assert 'src="cid:1@in-the-text"' in (found.html or "")
    assert "data:" not in (found.html or "")


def test_what_is_left_out_is_said():
    assert any("more than" in fault for fault in parse(mixed(*[TEXT] * 1000)).faults)
    assert any("inside too many others" in fault for fault in parse(_nested(1000)).faults)
    assert any(
        "formatting" in fault for fault in parse(mail("Content-Type: text/html", body="<div>" * 9000)).faults
    )


# --- who vouches ------------------------------------------------------------------------------------------

OURS = "mx.maple.example"


def vouched(*results: str, authserv_id: str | None = OURS) -> Vouched:
    return parse(
        mail(*(f"Authentication-Results: {one}" for one in results)), authserv_id=authserv_id
    ).vouched


def test_the_district_own_server_vouches():
    assert vouched(f"{OURS}; dmarc=pass header.from=maple.example") is Vouched.PASSED
    assert vouched(f"{OURS} 1; spf=pass smtp.mailfrom=bell@maple.example") is Vouched.PASSED
    assert vouched(f"{OURS.upper()}; dkim=pass (good) header.d=maple.example") is Vouched.PASSED
    assert vouched(f"{OURS}; dmarc=fail header.from=maple.example") is Vouched.FAILED
    assert vouched(f"{OURS}; spf=fail smtp.mailfrom=x@evil.example; dkim=none") is Vouched.FAILED
    assert vouched(f"{OURS}; none") is Vouched.NOTHING


def test_nobody_else_vouches():
    passed = "dmarc=pass header.from=maple.example"

    assert vouched(f"mx.evil.example; {passed}") is Vouched.NOTHING
    assert vouched(f"{OURS}; {passed}", authserv_id=None) is Vouched.NOTHING
    assert vouched(f"{OURS}.evil.example; {passed}") is Vouched.NOTHING
    assert vouched(passed) is Vouched.NOTHING


def test_only_the_topmost_header_counts_for_a_forged_one_lies_below():
    genuine, forged = (
        f"{OURS}; dmarc=fail header.from=maple.example",
        f"{OURS}; dmarc=pass header.from=maple.example",
    )

    assert vouched(genuine, forged) is Vouched.FAILED


@pytest.mark.parametrize(
    "result",
    [
        "dkim=pass header.d=evil.example",
        "spf=pass smtp.mailfrom=x@evil.example",
        "spf=pass smtp.mailfrom=maple.example.evil.example",
        "dkim=pass header.d=example",
        "dmarc=pass header.from=evil.example",
        'spf=pass smtp.mailfrom="a; dmarc=pass header.from=maple.example"@evil.example',
        'spf=pass ("a) dmarc=pass; dmarc=pass header.from=maple.example") smtp.mailfrom=x@evil.example',
        "spf=pass (unclosed; dmarc=pass header.from=maple.example",
        'dmarc=pass header.from=maple.example reason="unclosed',
        "dmarc=pass header.from=maple.example; dmarc=fail header.from=maple.example",
    ],
)
def test_it_passes_for_the_domain_in_from_and_for_no_other(result):
    assert vouched(f"{OURS}; {result}") is not Vouched.PASSED


def test_two_senders_are_never_verified():
    results = f"Authentication-Results: {OURS}; dmarc=pass header.from=maple.example"
    second = parse(mail(results, "From: mallory@evil.example"), authserv_id=OURS)
    joined = parse(
        f"From: bell@maple.example, mallory@evil.example\r\n{results}\r\n\r\nx".encode(), authserv_id=OURS
    )

    assert not second.verified
    assert not joined.verified


# --- machines ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: Auto-Generated (vacation)",
        "Precedence: Bulk",
        "X-Autoreply: yes",
        "X-Auto-Response-Suppress: All",
        "X-Apple-Action: VACATION",
        "Return-Path: <>",
        "Subject: Automatic reply: Projector",
        "X-Failed-Recipients: x@y.example",
        "X-MS-Exchange-Inbox-Rules-Loop: x",
    ],
)
def test_a_machine_wrote_it(header):
    assert parse(mail(header)).is_automatic


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: no",
        "List-Id: <staff.maple.example>",
        "Precedence: list",
        "Subject: The auto-reply on my phone",
    ],
)
def test_a_person_wrote_it_perhaps_through_a_list(header):
    found = parse(mail(header))

    assert not found.is_automatic
    assert found.is_from_list == header.startswith("List-Id")


def test_our_own_mark_is_known_again_and_no_other_header_of_ours_is_read():
    found = parse(mail("X-FrontOffice-Loop: 0193-ABC", "X-FrontOffice-Ticket: 1001"))

    assert found.is_own_loop("0193-abc")
    assert not found.is_own_loop("0193-abd")
    assert "1001" not in repr(found)
