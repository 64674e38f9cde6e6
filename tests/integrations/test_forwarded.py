"""What was forwarded, as the usual programs write it, in several languages; and what was not."""

from email.message import EmailMessage

import pytest

from app.integrations.mailbox.forwarded import Forwarded, forwarded_in
from app.integrations.mailbox.parse import parse

GMAIL = """Can you take this one?

---------- Forwarded message ---------
From: Nora Bell <bell@maple.example>
Date: Mon, Nov 23, 2026 at 8:15 AM
Subject: The projector
To: Tess Okafor <tess@maple.example>


It is green.

Nora
"""
GMAIL_GERMAN = """---------- Weitergeleitete Nachricht ---------
Von: Nora Bell <bell@maple.example>
Datum: Mo., 23. Nov. 2026 um 08:15 Uhr
Betreff: The projector
An: <tess@maple.example>


It is green.
"""
OUTLOOK = """Please see below.

________________________________
From: Nora Bell <bell@maple.example>
Sent: Monday, November 23, 2026 8:15 AM
To: Tess Okafor <tess@maple.example>;
 Sam Ito <sam@maple.example>
Subject: The projector

It is green.
"""
OUTLOOK_FRENCH = """De : Nora Bell <bell@maple.example>
Envoyé : lundi 23 novembre 2026 08:15
À : Tess Okafor
Objet : The projector

It is green.
"""
OUTLOOK_OLD = """-----Original Message-----
From: Nora Bell [mailto:bell@maple.example]
Sent: Monday, November 23, 2026 8:15 AM
To: Tess Okafor
Subject: The projector

It is green.
"""
APPLE = """Another one

Begin forwarded message:

> From: Nora Bell <bell@maple.example>
> Subject: The projector
> Date: November 23, 2026 at 8:15:00 AM CST
> To: Tess Okafor <tess@maple.example>
>
> It is green.
"""
APPLE_SPANISH = """Inicio del mensaje reenviado:

De: Nora Bell <bell@maple.example>
Asunto: The projector
Fecha: 23 de noviembre de 2026, 8:15:00 CST
Para: Tess Okafor <tess@maple.example>

It is green.
"""
THUNDERBIRD = """-------- Forwarded Message --------
Subject: \tThe projector
Date: \tMon, 23 Nov 2026 08:15:00 -0600
From: \tNora Bell <bell@maple.example>
To: \ttess@maple.example



It is green.
"""
BOLD = """*From:* Nora Bell <bell@maple.example>
*Sent:* Monday, November 23, 2026 8:15 AM
*To:* Tess Okafor <tess@maple.example>
*Subject:* The projector

It is green.
"""


def mail(text: str, subject: str = "Fwd: The projector", whole: bytes | None = None) -> Forwarded | None:
    written = EmailMessage()
    written["From"], written["To"], written["Subject"] = "tess@maple.example", "help@maple.example", subject
    written.set_content(text)
    if whole is not None:
        from email import message_from_bytes, policy

        written.add_attachment(message_from_bytes(whole, policy=policy.default))
    return forwarded_in(parse(written.as_bytes()))


@pytest.mark.parametrize(
    ("text", "subject", "said"),
    [
        (GMAIL, "Fwd: The projector", "Can you take this one?"),
        (GMAIL, "The projector", "Can you take this one?"),
        (GMAIL_GERMAN, "WG: The projector", ""),
        (OUTLOOK, "FW: The projector", "Please see below."),
        (OUTLOOK_FRENCH, "TR : The projector", ""),
        (OUTLOOK_OLD, "FW: The projector", ""),
        (APPLE, "Fwd: The projector", "Another one"),
        (APPLE_SPANISH, "RV: The projector", ""),
        (THUNDERBIRD, "Fwd: The projector", ""),
        (BOLD, "Fw: The projector", ""),
        (f"@fwd\n{OUTLOOK}", "anything", "Please see below."),
        (f"#fwd she is in a hurry\n\n{OUTLOOK_FRENCH}", "anything", "she is in a hurry"),
    ],
)
def test_the_usual_programs(text: str, subject: str, said: str) -> None:
    found = mail(text, subject)

    assert found is not None
    assert found.sender is not None
    assert found.sender.address == "bell@maple.example"
    assert found.subject == "The projector"
    assert found.text.startswith("It is green.")
    assert said in found.said
    assert "bell@maple.example" not in found.said


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("The projector is green.", "Fwd: The projector"),
        ("The projector is green.", "The projector"),
        (f"Done.\n\n{OUTLOOK}", "Re: The projector"),
        (
            "Done.\n\nOn Mon, Nov 23, 2026 Nora Bell <bell@maple.example> wrote:\n> It is green.",
            "Re: The projector",
        ),
        ("From: here\nthe road goes on\nto: nowhere", "Fwd: A poem"),
        ("", "Fwd: nothing"),
        ("fwd this please", "The projector"),
    ],
)
def test_what_is_no_forward(text: str, subject: str) -> None:
    assert mail(text, subject) is None


def test_a_name_without_an_address_names_nobody() -> None:
    found = mail("From: Nora Bell\nSent: Monday\nTo: Tess\nSubject: The projector\n\nIt is green.", "FW: x")

    assert found is not None
    assert found.sender is None


def test_forwarded_as_an_attachment() -> None:
    whole = EmailMessage()
    whole["From"], whole["Subject"], whole["Message-ID"] = (
        "Nora Bell <bell@maple.example>",
        "The projector",
        "<1@x>",
    )
    whole.set_content("It is green.")

    found = mail("See there.", whole=whole.as_bytes())

    assert found is not None
    assert found.whole is not None
    assert found.sender is not None
    assert (found.sender.address, found.subject, found.text.strip(), found.said) == (
        "bell@maple.example",
        "The projector",
        "It is green.",
        "See there.",
    )
    assert found.whole.message_id == "<1@x>"


def test_the_first_of_several_heads_counts() -> None:
    inner = OUTLOOK.replace("bell@maple.example", "ortiz@maple.example")
    found = mail(GMAIL + inner)

    assert found is not None
    assert found.sender is not None
    assert found.sender.address == "bell@maple.example"
    assert "ortiz@maple.example" in found.text
