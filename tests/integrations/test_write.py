"""What we write is what is read, and nobody adds a header to it."""

import dataclasses
import re
from datetime import UTC, datetime
from email import policy
from email.parser import BytesParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.queue import PermanentFailure
from app.integrations.mailbox.parse import parse
from app.integrations.mailbox.write import MOST_REFERENCES, OutgoingMail, write

MAIL = OutgoingMail(
    from_name="Maple Help Desk",
    from_address="help@maple.example",
    to_address="bell@maple.example",
    subject="The projector [#1001]",
    text="Hello\n",
    html="<p>Hello</p>",
    message_id=f"<fo.maple.{'a' * 26}.1001.{'b' * 26}@maple.example>",
    date=datetime(2026, 11, 23, 14, 15, tzinfo=UTC),
    reply_to=f"help+{'c' * 46}@maple.example",
    in_reply_to="<one@maple.example>",
    references=("<zero@maple.example>", "<one@maple.example>"),
    loop_mark="0193",
)
HEADERS = {
    *("from", "to", "subject", "date", "message-id", "reply-to", "in-reply-to", "references"),
    *("auto-submitted", "mime-version", "content-type", "x-frontoffice-loop"),
}


def but(**changes: object) -> bytes:
    return write(dataclasses.replace(MAIL, **changes))


def names(raw: bytes) -> set[str]:
    return {name.lower() for name in BytesParser(policy=policy.compat32).parsebytes(raw).keys()}  # noqa: SIM118


def test_it_is_read_as_it_was_written():
    found = parse(write(MAIL))

    assert (found.from_name, found.from_address) == ("Maple Help Desk", "help@maple.example")
    assert [one.address for one in found.to] == ["bell@maple.example"]
    assert found.subject == "The projector [#1001]"
    assert found.message_id == MAIL.message_id
    assert found.in_reply_to == ("<one@maple.example>",)
    assert found.references == MAIL.references
    assert found.sent_at == MAIL.date
    assert found.reply_to[0].address == MAIL.reply_to
    assert (found.text, found.html) == ("Hello", "<p>Hello</p>")
    assert found.automatic_because == "Auto-Submitted: auto-generated"
    assert found.is_own_loop("0193")


def test_the_same_mail_is_the_same_bytes():
    assert write(MAIL) == write(MAIL)


def test_the_wire_gets_what_every_server_takes():
    raw = but(text="Ünï " * 400 + "\n" + "x" * 5000, html="<p>" + "ü" * 5000 + "</p>", subject="ü" * 190)

    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 200
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", raw) is None


def test_a_long_id_is_never_folded_or_encoded():
    assert f"Message-ID: {MAIL.message_id}\r\n".encode() in write(MAIL)


@pytest.mark.parametrize(
    "words",
    [
        "one\r\nBcc: mallory@evil.example",
        "one\nBcc: mallory@evil.example",
        "one\rBcc: mallory@evil.example",
        "one\x0bBcc: x",
        "one\x85Bcc: mallory@evil.example",
        "one\u2028Bcc: mallory@evil.example",
        "=?utf-8?q?one=0D=0ABcc:_mallory=40evil=2Eexample?=",
        "=?utf-8?b?b25lDQpCY2M6IG1hbGxvcnlAZXZpbC5leGFtcGxl?=",
        "\r\n\r\nThe body begins here",
        '"quoted" <mallory@evil.example>',
        "one\x00two",
        "\\",
    ],
)
def test_nobody_adds_a_header(words):
    raw = but(subject=words, from_name=words, loop_mark=words)

    assert names(raw) == HEADERS
    found = parse(raw)
    assert found.from_address == "help@maple.example"
    assert found.text == "Hello"


def test_what_looks_encoded_is_read_as_it_was_typed() -> None:
    typed = "=?utf-8?q?Principal_Adams?="

    found = parse(but(subject=typed, from_name=typed))
    assert (found.subject, found.from_name) == (typed, typed)


@given(st.text(max_size=120))
def test_whatever_the_words_they_arrive_on_one_line(words):
    raw = but(subject=words, from_name=words)

    assert names(raw) == HEADERS
    assert raw.isascii()


@pytest.mark.parametrize(
    "address",
    [
        "bell@maple.example\r\nBcc: x@y.example",
        "bell",
        "",
        "a b@maple.example",
        "bell@maple.example,x@y.example",
        "bëll@maple.example",
        "bell@mäple.example",
    ],
)
@pytest.mark.parametrize("field", ["to_address", "from_address", "reply_to"])
def test_an_address_that_is_none_is_refused(field, address):
    if field == "reply_to" and not address:
        return
    with pytest.raises(PermanentFailure):
        but(**{field: address})


@pytest.mark.parametrize("id", ["<a@b>\r\nBcc: x@y.example", "<a b@c>", "a@b", "<ä@b>", "<a@b><c@d>", ""])
def test_a_strangers_id_is_left_out_if_it_is_none(id):
    found = parse(but(in_reply_to=id, references=(id, "<good@maple.example>")))

    assert found.in_reply_to == ()
    assert found.references == ("<good@maple.example>",)


def test_a_long_thread_keeps_its_root_and_its_end():
    references = tuple(f"<{number}@maple.example>" for number in range(100))

    kept = parse(but(references=references)).references
    assert len(kept) == MOST_REFERENCES
    assert (kept[0], kept[-1]) == (references[0], references[-1])


def test_text_alone_needs_no_parts():
    found = parse(but(html=None, text="One\n.\n..\nFrom here – ü\n"))

    assert (found.text, found.html) == ("One\n.\n..\nFrom here – ü", None)
