"""What our mails say, word for word: golden files. GOLDEN=write renews them; then read them aloud."""

import os
from pathlib import Path

import pytest

from app.notices.actions.letters import KINDS, paragraphs, render

GOLDEN = Path(__file__).parents[1] / "golden" / "mail"
AROUND = {
    "desk_name": "Maple School District Help Desk",
    "whose": "Maple School District Help Desk",
    "house": "https://desk.example.org/maple",
    "answer_above": "Please write your answer above this line",
}
TOLD = {
    "number": 1001,
    "title": "The projector in Room 204 stays dark",
    "technician": "Tess Okafor",
    "text": "Is it plugged in?\n\nThe switch is on the left side:\nbelow the lamp.",
    "requester": "Nora Bell",
    "school": "North School",
    "by": "Lena Brandt",
    "name": "Nora Bell",
    "link": "https://desk.example.org/maple/invitation/abc",
    "minutes": 60,
    "changes": ["A passkey was added.", "An authenticator app was set up."],
    "happened": "Somebody has just signed in with the sealed account.",
    "what": "The nightly sync of OneRoster did not work",
    "last_day": "1 March 2027",
    "without_it": "Nobody can sign in with Google.",
    "page": "/admin/services/google_sign_in",
    "about": "asks to look at your district",
    "reason": "The nightly import stops.",
    "do": "If none of you did, end its session there at once.",
}


def told(kind: str, **changes: object) -> dict[str, object]:
    return {name: value for name, value in (TOLD | changes).items() if name in KINDS[kind]}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_it_says_what_the_golden_file_says(kind: str) -> None:
    letter = render(kind, told(kind), AROUND)

    said = f"Subject: {letter.subject}\n\n{letter.text}\n=== as HTML ===\n{letter.html}"
    path = GOLDEN / f"{kind}.txt"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(said)
    assert said == path.read_text()


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("words", ["{{ 7 * 7 }}", "{% raw %}", "{# gone #}", "${7*7}", "{{ config }}"])
def test_what_people_wrote_is_never_read_as_a_template(kind: str, words: str) -> None:
    letter = render(kind, told(kind, title=words, text=words, name=words, requester=words), AROUND)

    if set(KINDS[kind]) & {"title", "text", "name", "requester"}:
        assert words in letter.text + letter.subject
    assert "49" not in letter.text + letter.html


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_people_wrote_is_escaped_in_html(kind: str) -> None:
    bad = "<script>alert(1)</script><img src=x>"
    letter = render(
        kind,
        told(kind, **dict.fromkeys(("title", "text", "name", "requester", "technician", "by"), bad)),
        AROUND,
    )

    assert "<script" not in letter.html
    assert "<img" not in letter.html


def test_a_title_of_two_lines_is_a_subject_of_one() -> None:
    letter = render("ticket_reply", told("ticket_reply", title="one\nBcc: x@y.example\n\ntwo"), AROUND)

    assert letter.subject == "one Bcc: x@y.example two [#1001]"
    assert letter.text.startswith("-- Please write")


def test_a_conversation_that_began_with_a_mail_keeps_its_subject() -> None:
    letter = render("ticket_reply", told("ticket_reply"), AROUND, began_by_mail=True)

    assert letter.subject == "Re: The projector in Room 204 stays dark"


def test_the_acknowledgement_repeats_nothing_of_the_mail_but_its_subject() -> None:
    assert KINDS["ticket_received"] == {"number", "title"}


def test_a_word_too_few_or_too_many_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(ValueError, match="ticket_reply wants to be told"):
        render("ticket_reply", {"number": 1}, AROUND)
    with pytest.raises(ValueError, match="wants to be told"):
        render("mail_test", {"name": "x", "secret": "y"}, AROUND)
    with pytest.raises(KeyError):
        render("no_such_kind", {}, AROUND)


def test_paragraphs_look_as_they_were_written() -> None:
    assert paragraphs("a\nb\n\n\n<c>") == "<p>a<br>\nb</p>\n<p>&lt;c&gt;</p>"
