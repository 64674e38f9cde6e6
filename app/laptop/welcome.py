"""What `make run` says when everything stands: where to go, as whom, and how to write to the desk."""

import os
from pathlib import Path

LETTER = (
    "From: Nora Bell <bell@maple.example>\\nTo: help@maple.example\\n"
    "Subject: The projector is dark\\n\\nRoom 204, since this morning.\\n"
)


def welcome(port: int, smtp_port: int, instance: Path, seconds: float) -> str:
    from app.demo.accounts import DEMO_ACCOUNTS, DEMO_PASSWORD

    address = f"http://127.0.0.1:{port}"
    widest = max(len(account.email) for account in DEMO_ACCOUNTS)
    people = "\n".join(
        f"    {account.email:<{widest}}  {account.what}, {account.name}" for account in DEMO_ACCOUNTS
    )
    return f"""
FrontOffice is open after {seconds:.1f} s:

    {address}/maple/

Sign in as one of these; the password of all is: {DEMO_PASSWORD}

{people}

Write to the desk by email, from another terminal:

    {letter(smtp_port)}

Mail that the demo sends goes no further than {shown(instance / "mail")}.
What each process says is in {shown(instance / "log")}. Ctrl-C ends all of it; the data stay.
"""


def letter(smtp_port: int) -> str:
    """One line for any shell."""
    send = f"sendmail('bell@maple.example', 'help@maple.example', '{LETTER}')"
    return f"python3 -c \"import smtplib; smtplib.SMTP('127.0.0.1', {smtp_port}).{send}\""


def shown(path: Path) -> str:
    try:
        return str(path.relative_to(os.getcwd()))
    except ValueError:
        return str(path)
