"""What mail servers report, after RFC 3464 and in their own words."""

from pathlib import Path

import pytest

from app.integrations.mailbox.parse import parse
from app.integrations.mailbox.reports import Outcome, report_in, report_in_words
from tests.integrations.test_parse import PUBLIC_MAILS, needs_public_mail


def report(*groups: str, about: str = "<fo.x@maple.example>", text: str = "It failed.") -> bytes:
    status = "\r\n\r\n".join(("Reporting-MTA: dns; mx.example", *groups))
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: bounce@maple.example\r\nSubject: Undelivered\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="zz"\r\n\r\n'
        f"--zz\r\nContent-Type: text/plain\r\n\r\n{text}\r\n"
        f"--zz\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n\r\n"
        f"--zz\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: Hi\r\nMessage-ID: {about}\r\n\r\n--zz--\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("group", "outcome", "status", "permanent"),
    [
        ("Final-Recipient: rfc822; b@x\r\nAction: failed\r\nStatus: 5.1.1", Outcome.FAILED, "5.1.1", True),
        ("Action: Failed\r\nStatus: 5.1.1 (bad mailbox)", Outcome.FAILED, "5.1.1", True),
        ("Action: failed\r\nStatus: 4.4.7", Outcome.FAILED, "4.4.7", False),
        ("Action: delayed\r\nStatus: 4.2.2", Outcome.DELAYED, "4.2.2", False),
        ("Action: relayed\r\nStatus: 2.0.0", Outcome.PASSED, "2.0.0", False),
        ("Status: 5.2.2", Outcome.FAILED, "5.2.2", True),
        ("Action: failed\r\nDiagnostic-Code: smtp; 550 5.1.10 no such user", Outcome.FAILED, "5.1.10", True),
        ("Action: failed\r\nDiagnostic-Code: smtp; 550 no such user", Outcome.FAILED, "5.0.0", True),
        ("Action: failed", Outcome.FAILED, "", True),
    ],
)
def test_a_report_is_read(group: str, outcome: Outcome, status: str, permanent: bool) -> None:
    found = report_in(parse(report(group)))

    assert found is not None
    assert (found.outcome, found.status, found.is_permanent) == (outcome, status, permanent)
    assert found.about == "<fo.x@maple.example>"


def test_the_worst_of_several_recipients_counts() -> None:
    found = report_in(parse(report("Action: delivered\r\nStatus: 2.1.5", "Action: failed\r\nStatus: 5.2.1")))

    assert found is not None
    assert found.status == "5.2.1"


@pytest.mark.parametrize(
    ("text", "outcome", "status"),
    [
        ("Hi. This is the qmail-send program.\nI'm afraid I wasn't able to deliver your message.\n<b@x>:\n"
         "Sorry, no mailbox here by that name. (#5.1.1)", Outcome.FAILED, "5.1.1"),
        ("A message that you sent could not be delivered.\n  b@x\n    550 Unknown user", Outcome.FAILED, "5.0.0"),
        ("Warning: could not send message for past 4 hours. It will be retried.", Outcome.DELAYED, ""),
        ("Delivery to the following recipient has been delayed: 4.4.1 timed out", Outcome.DELAYED, "4.4.1"),
        ("Invoice 5.1 of 2026 is attached, room 550.", None, ""),
    ],
)  # fmt: skip
def test_servers_with_words_of_their_own(text: str, outcome: Outcome | None, status: str) -> None:
    head = "From: MAILER-DAEMON@mx.example\r\nTo: bounce@maple.example\r\nSubject: your mail\r\n\r\n"
    found = report_in_words(parse((head + text).encode()))

    assert (found.outcome if found else None) == outcome
    assert (found.status if found else "") == status


def test_a_persons_words_are_no_report() -> None:
    head = "From: bell@maple.example\r\nTo: bounce@maple.example\r\n\r\n"

    assert report_in_words(parse((head + "Your mail could not be delivered: 5.1.1").encode())) is None
    assert report_in(parse((head + "Action: failed\r\nStatus: 5.1.1").encode())) is None


@pytest.mark.parametrize("junk", ["", "Status: 9.9.9", ":\r\n:", "Action:\r\nStatus:", "Status: 5.1.1.1.1"])
def test_broken_reports_say_nothing_or_something_but_never_raise(junk: str) -> None:
    found = report_in(parse(report(junk)))

    assert found is None or found.outcome in Outcome


@needs_public_mail
@pytest.mark.parametrize(
    ("name", "outcome", "status"),
    [
        ("multi_address_bounce1.eml", Outcome.FAILED, "5.1.1"),
        ("multipart_report_multiple_status.eml", Outcome.FAILED, "5.3.0"),
        ("report_422.eml", Outcome.DELAYED, "4.2.2"),
        ("report_530.eml", Outcome.FAILED, "5.3.0"),
    ],
)
def test_public_reports_are_read(name: str, outcome: Outcome, status: str) -> None:
    path: Path = next(one for one in PUBLIC_MAILS if one.name == name)
    found = report_in(parse(path.read_bytes()))

    assert found is not None
    assert (found.outcome, found.status) == (outcome, status)
