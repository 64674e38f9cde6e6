"""An invitation is told as a person would, and kept for a calendar."""

import time

import pytest

from app.integrations.mailbox.invitation import told
from app.integrations.mailbox.parse import parse
from tests.integrations.test_parse import TEXT, mixed

CHICAGO = "America/Chicago"


def calendar(*lines: str, method: str = "REQUEST") -> str:
    given = ["BEGIN:VCALENDAR", f"METHOD:{method}", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"]
    return "\r\n".join(given)


PARENTS_EVENING = (
    "SUMMARY:Parents\\, teachers\\nand tea",
    "DTSTART;TZID=America/New_York:20261123T173000",
    "DTEND;TZID=America/New_York:20261123T190000",
    "LOCATION:Library\\; North School",
    'ORGANIZER;CN="Bell, Nora":mailto:bell@maple.example',
    "ATTENDEE;CN=Tess Okafor;PARTSTAT=NEEDS-ACTION:MAILTO:tess@maple.example",
    "ATTENDEE:mailto:help@maple.example",
    "DESCRIPTION:Please bring\r\n  the projector.",
    "BEGIN:VALARM",
    "DESCRIPTION:This is an alarm",
    "END:VALARM",
)


def test_what_when_where_and_who():
    assert told(calendar(*PARENTS_EVENING), zone=CHICAGO) == (
        "Invitation: Parents, teachers and tea\n"
        "When: Monday, Nov 23, 2026, 5:30 pm to 7:00 pm (America/New_York)\n"
        "Where: Library; North School\n"
        "From: Bell, Nora <bell@maple.example>\n"
        "Who: Tess Okafor <tess@maple.example>, help@maple.example\n"
        "Please bring the projector."
    )


@pytest.mark.parametrize(
    ("lines", "when"),
    [
        (["DTSTART:20261123T141500Z", "DTEND:20261123T150000Z"], "Nov 23, 8:15 am to 9:00 am (America/Chicago)"),
        (["DTSTART:20261123T141500Z", "DURATION:PT45M"], "Nov 23, 8:15 am to 9:00 am (America/Chicago)"),
        (["DTSTART:20260701T141500Z"], "Jul 1, 9:15 am (America/Chicago)"),
        (["DTSTART:20261123T081500"], "Nov 23, 8:15 am"),
        (["DTSTART;TZID=Central Standard Time:20261123T081500"], "Nov 23, 8:15 am (Central Standard Time)"),
        (["DTSTART;VALUE=DATE:20261123", "DTEND;VALUE=DATE:20261124"], "Nov 23, all day"),
        (["DTSTART;VALUE=DATE:20261123", "DTEND;VALUE=DATE:20261126"], "Nov 23 to Wednesday, Nov 25"),
        (["DTSTART:20261123T230000", "DTEND:20261124T013000"], "Nov 23, 11:00 pm to Tuesday, Nov 24, 1:30 am"),
        (["DTSTART:20261123T080000", "RRULE:FREQ=WEEKLY;BYDAY=MO"], "Nov 23, 8:00 am, every week"),
    ],
)  # fmt: skip
def test_when(lines, when):
    found = told(calendar("SUMMARY:x", *lines), zone=CHICAGO).partition("When: ")[2]
    assert found.replace(", 2026", "").partition(", ")[2] == when


@pytest.mark.parametrize(
    "moment", ["", "soon", "20261399T990000", "99991231T235959Z", "00000000", "20261123T246060"]
)
def test_a_moment_that_is_none_is_left_out(moment):
    assert told(calendar("SUMMARY:x", f"DTSTART:{moment}", "DURATION:P9999W"), zone="nowhere").startswith(
        "Invitation: x"
    )


def test_what_was_called_off_and_what_was_answered():
    answer = calendar("SUMMARY:Tea", "ATTENDEE;PARTSTAT=DECLINED:mailto:tess@maple.example", method="REPLY")

    assert told(calendar("SUMMARY:Tea", method="CANCEL"), zone=CHICAGO) == "Called off: Tea"
    assert told(calendar("SUMMARY:Tea", "STATUS:CANCELLED"), zone=CHICAGO) == "Called off: Tea"
    assert told(answer, zone=CHICAGO) == "Answer to an invitation: Tea\nWho: tess@maple.example declines"


@pytest.mark.parametrize(
    "text",
    [
        calendar(*["ATTENDEE:mailto:a@b.example"] * 20_000),
        "BEGIN:VEVENT\n" * 50_000,
        calendar("SUMMARY:" + "\\n" * 400_000),
        calendar("SUMMARY" + ';A="' * 100_000 + ":x"),
        calendar("SUMMARY" + ";A=b" * 100_000 + ":x"),
        calendar("SUMMARY:" + "x\n " * 300_000),
    ],
    ids=["20,000 guests", "50,000 beginnings", "line ends", "open quotes", "parameters", "folds"],
)
def test_a_monstrous_invitation_is_bounded(text):
    began = time.process_time()

    assert len(told(text, zone=CHICAGO)) < 20_000
    assert time.process_time() - began < 3


def test_it_is_told_once_below_the_text_and_kept_once_as_a_file():
    """Google attaches the same twice: beside the text, and as a file."""
    text = calendar("SUMMARY:Tea", "DTSTART:20261123T141500Z")
    beside = f"Content-Type: text/calendar; method=REQUEST\r\n\r\n{text}"
    attached = (
        f"Content-Type: application/ics; name=invite.ics\r\nContent-Disposition: attachment\r\n\r\n{text}"
    )
    inner = mixed(TEXT, beside, kind="alternative").partition(b"\r\n")[2].replace(b"zz", b"yy")

    found = parse(mixed(inner, attached), zone=CHICAGO)
    assert (
        found.text == "It is dark.\n\nInvitation: Tea\nWhen: Monday, Nov 23, 2026, 8:15 am (America/Chicago)"
    )
    assert [(one.name, one.content.decode()) for one in found.files] == [("invitation.ics", text)]


def test_a_calendar_without_an_event_is_a_file_alone():
    found = parse(
        mixed(TEXT, "Content-Type: text/calendar; name=busy.ics\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR")
    )

    assert (found.text, [one.name for one in found.files]) == ("It is dark.", ["busy.ics"])
