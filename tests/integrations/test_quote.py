"""What is new in an answer is always shown; what is surely quoted is folded away."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.integrations.mailbox.parse import parse
from app.integrations.mailbox.quote import MARK, split, without_signature

CHECKOUT = Path(__file__).resolve().parents[2]
PUBLIC = Path(os.environ.get("FRONTOFFICE_PUBLIC_MAIL", CHECKOUT.parent / "shared/public-data/mail"))

needs_public_mail = pytest.mark.skipif(
    not PUBLIC.is_dir(), reason="The public mail is not here: set FRONTOFFICE_PUBLIC_MAIL to its folder."
)

OURS = f"-- {MARK} --\n\nTess Okafor wrote:\n\nIs it plugged in?"


def quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


@pytest.mark.parametrize(
    "introduction",
    [
        "On Mon, Nov 23, 2026 at 8:15 AM Maple Help Desk <help@maple.example> wrote:",
        "On Mon, Nov 23, 2026 at 8:15 AM Maple Help Desk\n<help@maple.example> wrote:",
        "On Mon, Nov 23, 2026 at 8:15 AM\nMaple Help Desk <help@maple.example>\nwrote:",
        "Am 23.11.2026 um 08:15 schrieb Maple Help Desk:",
        "Le lun. 23 nov. 2026 à 08:15, Maple Help Desk <help@maple.example> a écrit :",
        "El lun, 23 nov 2026 a las 8:15, Maple Help Desk (<help@maple.example>) escribió:",
        "2026-11-23 8:15 GMT-06:00 Maple Help Desk <help@maple.example>:",
    ],
)
def test_a_quote_below_its_introduction_is_folded(introduction):
    reply = split(f"It is.\n\n{introduction}\n\n{quoted(OURS)}\n")

    assert reply.new == "It is."
    assert reply.quoted.startswith(introduction.split("\n")[0])


@pytest.mark.parametrize(
    "head",
    [
        "From: Maple Help Desk <help@maple.example>\nSent: Monday, November 23, 2026\nTo: Nora Bell\nSubject: x",
        "*From:* Maple Help Desk\n*Sent:* Monday\n*To:* Nora Bell",
        "________________________________\nFrom: Maple Help Desk\nSent: Monday\nTo: Nora Bell\nSubject: x",
        "-----Original Message-----\nFrom: Maple Help Desk",
        "Von: Maple Help Desk\nGesendet: Montag\nAn: Nora Bell\nBetreff: x",
    ],
)
def test_a_quote_below_its_head_is_folded(head):
    assert split(f"It is.\n\n{head}\n\n{OURS}").new == "It is."


def test_our_own_mark_ends_the_answer_of_any_program():
    assert split(f"It is.\n\nMaple Help Desk napisał(a):\n{OURS}").new.startswith("It is.")
    assert "Is it plugged in?" not in split(f"It is.\n{OURS}").new


@pytest.mark.parametrize(
    "text",
    [
        "> Is it plugged in?\n\nYes.\n\n> And the lamp?\n\nRed.",
        f"On Monday Maple Help Desk <help@maple.example> wrote:\n{quoted(OURS)}\n\nMy answer is below.",
        "On Tuesday the projector wrote:\nlamp failure, error 14",
        "Hello,\n\n> Is it plugged in?\n\nYes.\n\n> And the lamp?\n\nRed.",
        f"Hello,\n\nOn Monday Maple Help Desk <help@maple.example> wrote:\n{quoted(OURS)}\n\nMy answer is below.",
        "Nothing is quoted here.",
        "From: the library\nthe printer is jammed",
        "",
        "> only a quote",
    ],
)
def test_what_may_be_new_is_never_hidden(text):
    assert split(text).new == text.strip("\n")


@given(st.text(alphabet="ab >\n:-On wrote", max_size=200))
def test_no_word_is_lost(text):
    reply = split(text)

    assert f"{reply.new}\n{reply.quoted}".split() == text.split()


def test_an_answer_that_is_nothing_but_a_quote_is_shown_whole():
    text = f"On Monday Maple Help Desk <help@maple.example> wrote:\n{quoted(OURS)}"

    assert split(text).new == text


def test_a_signature_can_be_left_out():
    assert without_signature("It is.\n\n-- \nNora Bell\nGrade 4") == "It is."
    assert without_signature("It is.\n\nSent from my iPhone") == "It is."
    assert without_signature("-- \nOnly this") == "-- \nOnly this"


@needs_public_mail
@pytest.mark.parametrize(
    "name", ["aol", "apple_mail", "apple_mail_2", "comcast", "gmail", "hotmail", "outlook", "yahoo"]
)
def test_the_answers_of_common_programs(name):
    path = PUBLIC / "talon" / "standard_replies" / f"{name}.eml"

    assert split(parse(path.read_bytes()).text).new.strip() == "Hello"
