"""What is new in an answer is always shown; what is surely quoted is folded away."""

import re
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.integrations.mailbox.charsets import to_text
from app.integrations.mailbox.clean import as_text
from app.integrations.mailbox.parse import parse
from app.integrations.mailbox.quote import MARK, Kind, split
from tests.needs import PUBLIC_MAIL

HERE = Path(__file__).parent
EXPECTED = tomllib.loads((HERE / "expected_replies.toml").read_text())
SHAPES = tomllib.loads((HERE / "quote_shapes.toml").read_text())
INTRODUCTIONS, HEADS, TELEPHONES = (
    {client: shape.replace("|", "\n") for client, shape in SHAPES[section].items()}
    for section in ("introductions", "heads", "telephones")
)

needs_public_mail = pytest.mark.skipif(
    not PUBLIC_MAIL.is_dir(), reason="The public mail is not here: set FRONTOFFICE_PUBLIC_MAIL to its folder."
)

ASKED = "Is it plugged in?\n\nAnd is the lamp on?"
OURS = f"-- {MARK} --\n\nTess Okafor wrote:\n\n{ASKED}"


def signed(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def said(text: str) -> list[str]:
    """The lines that say something: blank lines are layout."""
    return [line.rstrip() for line in text.split("\n") if line.strip()]


# The public replies, against what was written down from reading them.


def public_reply(name: str) -> str:
    raw = (PUBLIC_MAIL / name).read_bytes()
    if name.endswith(".eml"):
        return parse(raw).text
    return as_text(to_text(raw)) if name.endswith(".html") else to_text(raw)


def expected(name: str) -> str:
    return re.sub(
        r"⟨(\d+) × (.)⟩", lambda found: found[2] * int(found[1]), EXPECTED[name]["visible"].strip("\n")
    )


@needs_public_mail
@pytest.mark.parametrize("name", EXPECTED)
def test_no_public_reply_has_new_text_hidden(name):
    shown = said(split(public_reply(name)).new)

    assert [line for line in said(expected(name)) if line not in shown] == []


@needs_public_mail
def test_of_the_public_replies_95_in_100_are_exact():
    off = [name for name in EXPECTED if said(split(public_reply(name)).new) != said(expected(name))]

    assert len(EXPECTED) == 43
    assert len(off) <= len(EXPECTED) * 0.05, off


# As programs write it, in the languages that schools write.


@pytest.mark.parametrize("introduction", INTRODUCTIONS.values(), ids=list(INTRODUCTIONS))
@pytest.mark.parametrize("quoted", [ASKED, OURS])
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_a_quote_below_its_introduction_is_folded(introduction, quoted, gap):
    reply = split(f"Hi Tess,\n\nit is.\nNora\n\n{introduction}{gap}{signed(quoted)}\n")

    assert reply.new == "Hi Tess,\n\nit is.\nNora"
    assert reply.parts[-1].shown == f"{introduction}{gap}{signed(quoted)}"


@pytest.mark.parametrize("introduction", INTRODUCTIONS.values(), ids=list(INTRODUCTIONS))
def test_an_introduction_takes_no_line_of_the_answer_above_it(introduction):
    assert split(f"It is.\nNora\n{introduction}\n{signed(ASKED)}").new == "It is.\nNora"


@pytest.mark.parametrize("introduction", INTRODUCTIONS.values(), ids=list(INTRODUCTIONS))
def test_the_only_answer_may_stand_below_the_quote(introduction):
    reply = split(f"{introduction}\n{signed(ASKED)}\n\nIt is.\n")

    assert [part.kind for part in reply.parts] == [Kind.QUOTE, Kind.NEW]
    assert reply.new == "It is."


@pytest.mark.parametrize("introduction", INTRODUCTIONS.values(), ids=list(INTRODUCTIONS))
def test_answers_between_quoted_lines_stay_with_them(introduction):
    between = f"{introduction}\n> Is it plugged in?\n\nIt is.\n\n> And is the lamp on?\n\nRed."

    assert split(f"{between}\n\n> Tess").new == between
    assert split(f"Hello Tess,\n{between}").new == f"Hello Tess,\n{between}"


@pytest.mark.parametrize("head", HEADS.values(), ids=list(HEADS))
@pytest.mark.parametrize("quoted", [ASKED, OURS, signed(ASKED)])
def test_a_quote_below_its_head_is_folded(head, quoted):
    reply = split(f"Hi Tess,\n\nit is.\nNora\n\n{head}\n\n{quoted}\n")

    assert reply.new == "Hi Tess,\n\nit is.\nNora"
    assert reply.parts[-1].shown == f"{head}\n\n{quoted}"


@pytest.mark.parametrize("head", HEADS.values(), ids=list(HEADS))
def test_answers_in_a_quote_without_signs_are_shown_when_the_writer_says_so(head):
    text = f"See my answers below.\n\n{head}\n\nIs it plugged in? It is."

    assert split(text).new == text


@pytest.mark.parametrize("line", TELEPHONES.values(), ids=list(TELEPHONES))
def test_what_a_telephone_adds_is_folded(line):
    below = f"{line}\n\n{INTRODUCTIONS['Apple, English']}\n\n{signed(ASKED)}"

    assert split(f"It is.\n\n{below}").new == "It is."
    assert [part.kind for part in split(f"It is.\n\n{line}").parts] == [Kind.NEW, Kind.SIGNATURE]
    assert split(line).new == line


@pytest.mark.parametrize("html", SHAPES["html"].values(), ids=list(SHAPES["html"]))
def test_a_quote_in_html_alone_is_folded(html):
    reply = split(as_text(html))

    assert reply.new == "It is."
    assert "Is it plugged in?" in "".join(part.text for part in reply.parts if part.kind is Kind.QUOTE)


def test_a_signature_in_html_is_folded():
    html = (
        '<div>It is.</div><span class="gmail_signature_prefix">-- </span><br><div>Nora Bell<br>Grade 4</div>'
    )

    assert split(as_text(html)).new == "It is."


def test_what_a_person_set_in_by_hand_is_no_quote():
    html = (
        "<p>On 11/23/26 8:15 AM, Tess wrote:</p><blockquote type=cite>Is it on?</blockquote><p>No. It says</p>"
        '<blockquote style="margin:0 0 0 40px;border:none;padding:0px"><div>error 14</div></blockquote>'
    )

    assert "error 14" in split(as_text(html)).new


# Passed on: it is what the mail is about.


@pytest.mark.parametrize(
    "line",
    [
        "---------- Forwarded message ---------",
        "Begin forwarded message:",
        "---------- Mensaje reenviado ---------",
        "---------- Forwarded message ---------".upper(),
        "-------- Weitergeleitete Nachricht --------",
        "---------- Message transféré ---------",
        "---------- Mensagem encaminhada ---------",
        "---------- Пересылаемое сообщение ---------",
        "---------- 转发的邮件 ---------",
        "---------- Thư được chuyển tiếp ---------",
    ],
)
@pytest.mark.parametrize("words", ["", "This came from the vendor:\n\n"])
def test_a_mail_that_is_passed_on_is_shown_whole(line, words):
    text = f"{words}{line}\n{HEADS['Outlook for Mac']}\n\nThe lamp is on its way.\n-- \nThe vendor"

    assert split(text).new == text


def test_a_mail_passed_on_without_a_word_is_shown_whole():
    for head in HEADS.values():
        assert split(f"{head}\n\n{ASKED}").new == f"{head}\n\n{ASKED}"


# In doubt it is new.


@pytest.mark.parametrize(
    "text",
    [
        "> Is it plugged in?\n\nYes.\n\n> And the lamp?\n\nRed.",
        "On Tuesday the projector wrote:\nlamp failure, error 14",
        "The screen says:\n> NO SIGNAL\n> CHECK INPUT",
        "I opened it like this\n> Settings\n> Displays",
        "On 11/23/2026 the log said:\n> error 14",
        "Hello,\n\n> Is it plugged in?\n\nYes.\n\n> And the lamp?\n\nRed.",
        "Nothing is quoted here.",
        "From: the library\nthe printer is jammed",
        "Please move the cart.\nFrom: Room 12\nTo: Room 14\nDate: Friday 11/27/2026",
        "Date: 11/27/2026\nFrom: 9:00\nTo: 10:00\nSubject: Math",
        "One thing first.\n--\nThe other: the projector in 14 is broken.",
        "Sent from my desk, which has no phone",
        "Write to help@maple.example on 11/23/2026:\nit is what they said",
        "____________________________________\nRoom: 12\nSince: 11/23/2026 8:15\nWhat: lamp\nWho: Nora",
        "-- \nOnly this",
        "-- \n" + "\n".join(f"line {number}" for number in range(12)),
        "",
    ],
)
def test_what_may_be_new_is_never_hidden(text):
    assert split(text).new == text.strip("\n")


def test_an_answer_that_is_nothing_but_a_quote_is_shown_whole():
    text = f"{INTRODUCTIONS['Gmail, English']}\n{signed(OURS)}"

    assert split(text).new == text


def test_our_own_mark_ends_the_answer_of_any_program():
    assert split(f"It is.\n\nMaple Help Desk kirjoitti eile:\n{OURS}").new.startswith("It is.")
    assert "Is it plugged in?" not in split(f"It is.\n{OURS}").new
    assert split(f"It is.\n\n{signed(OURS)}").new == "It is."


def test_a_log_of_many_lines_is_shown_whole():
    text = f"It is.\n{INTRODUCTIONS['Gmail, English']}\n" + "> line\n" * 30_000

    assert split(text).new == text.strip("\n")


#: Lines that look like the beginning of something, and are not.
TRICKY = [
    "> Settings",
    "--",
    "_" * 40 + "\nRoom 12",
    "----------\nRoom 14",
    "From: the library",
    "To: room 14",
    "Date: Friday",
    "Subject: Math",
    "On Tuesday the projector wrote:",
    "Ms Bell wrote:",
    "It says on the label:",
    "help@maple.example",
    "Sent from my desk, not my phone",
    "Original Message",
]
WORDS = st.one_of(
    st.sampled_from(TRICKY),
    st.text(
        st.characters(exclude_categories=("C", "Z"), exclude_characters="-@:：<>"), min_size=1, max_size=60
    ),
)
ANSWERS = st.lists(WORDS, min_size=1, max_size=8).map("\n".join).filter(str.strip)
QUOTES = st.one_of(
    st.sampled_from(list(INTRODUCTIONS.values())).map(lambda one: f"{one}\n\n{signed(ASKED)}"),
    st.sampled_from(list(HEADS.values())).map(lambda one: f"{one}\n\n{ASKED}"),
    st.just(OURS),
)


@given(ANSWERS, QUOTES)
def test_no_new_text_above_a_quote_is_hidden(answer, quote):
    shown = said(split(f"{answer}\n\n{quote}").new)

    assert shown[: len(said(answer))] == said(answer)


@given(ANSWERS, ANSWERS, st.sampled_from(list(INTRODUCTIONS.values())))
def test_no_new_text_around_quoted_lines_is_hidden(above, below, introduction):
    shown = split(f"{above}\n\n{introduction}\n{signed(ASKED)}\n\nYes:\n{below}").new

    assert [line for line in said(f"{above}\n{below}") if line not in said(shown)] == []


@given(
    st.lists(
        st.one_of(
            WORDS, st.sampled_from([*INTRODUCTIONS.values(), *HEADS.values(), signed(ASKED), OURS, "-- ", ""])
        ),
        max_size=12,
    ).map("\n".join)
)
def test_the_parts_are_the_whole_text(text):
    reply = split(text)

    assert "".join(part.text for part in reply.parts) == text
    assert [part.kind for part in reply.parts].count(Kind.NEW) == 1


@given(ANSWERS)
def test_a_text_without_a_quote_is_not_changed(text):
    assert [part.text for part in split(text).parts] == [text]


@pytest.mark.parametrize(
    "line",
    [
        "On a\n",
        ">\n",
        "\n",
        ">",
        "a:\n",
        "On Mon, Nov 23, 2026 at 8:15 AM <a@b.example> wrote:\n",
        "On Mon, Nov 23, 2026 at 8:15 AM\n",
        "<a@b.example>:\n",
        "From: x\nSent: x\n",
        "_" * 40 + "\n",
        "-- \n",
        "-----Original Message-----\n",
        "Sent from my iPhone\n",
        "On " * 300 + "\n",
        "sent from " + "a " * 40 + ":\n",
        "\u200e",
        "a@",
        "1.",
    ],
)
def test_a_megabyte_of_anything_is_split_within_seconds(line):
    text = "It is.\n" + line * (1_000_000 // len(line))

    began = time.process_time()
    split(text)
    split(text[: 19_000 * len(line)])
    assert time.process_time() - began < 3
