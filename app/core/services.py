"""The registry of outside services: the one list that the way out, the switches and the legal page read.

A company that is not on it cannot be called. What is on it and not built yet is named so that nobody adds
it in silence, and cannot be turned on. Everything is off until somebody named in `turned_on_by` turns it on.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import UniqueConstraint, Uuid, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.actor import Actor
from app.core.addresses import OutsideRefused, plain_host
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.settings import Settings, get_settings
from app.core.tenancy import DistrictOwned, district_in_force, owned


class Hand(StrEnum):
    """Whose hand is on the switch."""

    OPERATOR = "the operator of this deployment"
    DISTRICT = "a district admin"


def _never(_: Settings) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class OutsideService:
    """One company that something of ours could reach, and what it would learn."""

    key: str
    name: str
    company: str
    purpose: str
    #: What passes to it. Nothing else does.
    passes: str
    location: str
    turned_on_by: Hand
    #: The hosts it may be called at; none when whoever turns it on names the host.
    hosts: tuple[str, ...] = ()
    #: Hosts that are proposed to whoever names one. Called only once they are named.
    proposed: tuple[str, ...] = ()
    #: For the operator's services: the host that the settings name, or "" while it is off.
    host_in_settings: Callable[[Settings], str] = _never
    #: Called by the reader's browser, never by our servers.
    from_browser: bool = False
    #: False: there is no code for it yet, so no switch moves.
    built: bool = False
    since: date | None = None
    link: str = ""
    #: What nobody has tried yet: told before it is turned on.
    caution: str = ""

    def refuse_unless_built(self) -> None:
        """Raises OutsideRefused for what is only named."""
        if not self.built:
            raise OutsideRefused(f"{self.name} is not built yet, so it cannot be turned on.")


HTMX_CDN: Final = "htmx_cdn"
OPERATOR_RELAY: Final = "operator_mail_relay"
DISTRICT_RELAY: Final = "district_mail_relay"
FILE_STORAGE: Final = "file_storage"
GOOGLE_SIGN_IN: Final = "google_sign_in"
MICROSOFT_SIGN_IN: Final = "microsoft_sign_in"
GOOGLE_DIRECTORY: Final = "google_directory"
ENTRA_USERS: Final = "entra_users"
ONEROSTER: Final = "oneroster"
WONDE: Final = "wonde"
ED_FI: Final = "ed_fi"
AERIES: Final = "aeries"
CLEVER: Final = "clever"
WONDE_ATTENDANCE: Final = "wonde_attendance"
POWERSCHOOL: Final = "powerschool"
ATTENDANCE_FILE: Final = "attendance_file"
ATTENDANCE_SFTP: Final = "attendance_sftp"
GROUPCALL: Final = "groupcall"
TWILIO: Final = "twilio"
MICROSOFT_MAIL: Final = "microsoft_mail"
GOOGLE_MAIL: Final = "google_mail"
MAILGUN: Final = "mailgun"

SERVICES: Final[tuple[OutsideService, ...]] = (
    OutsideService(
        key=HTMX_CDN,
        name="jsDelivr",
        company="Prospect One sp. z o.o.",
        purpose="Delivers one script file (htmx) to the browsers of signed-in staff.",
        passes="What every request to a web server shows: the browser’s network address, its kind, and the "
        "address of this site. No page, no name, no cookie.",
        location="Poland; copies of the file lie on delivery networks around the world",
        turned_on_by=Hand.OPERATOR,
        hosts=("cdn.jsdelivr.net",),
        host_in_settings=lambda settings: "cdn.jsdelivr.net" if settings.htmx == "cdn" else "",
        from_browser=True,
        built=True,
        since=date(2026, 11, 22),
        link="https://www.jsdelivr.com/terms/privacy-policy-jsdelivr-net",
    ),
    OutsideService(
        key=OPERATOR_RELAY,
        name="The operator’s mail server",
        company="Named by the operator of this deployment",
        purpose="Sends the desk’s email for districts that have no mail server of their own.",
        passes="The addresses of sender and recipient, the subject and the text of each email.",
        location="Where the operator’s mail server stands",
        turned_on_by=Hand.OPERATOR,
        host_in_settings=lambda settings: settings.smtp_relay_host,
        built=True,
        since=date(2026, 11, 22),
    ),
    OutsideService(
        key=DISTRICT_RELAY,
        name="The district’s own mail server",
        company="Named by the district",
        purpose="Sends the desk’s email in the district’s own name.",
        passes="The addresses of sender and recipient, the subject and the text of each email.",
        location="Where the district’s mail server stands",
        turned_on_by=Hand.DISTRICT,
        built=True,
        since=date(2026, 11, 22),
    ),
    OutsideService(
        key=FILE_STORAGE,
        name="File storage",
        company="Named by the operator of this deployment",
        purpose="Stores the files of tickets and the email as it came in.",
        passes="Files that people attach and whole emails, each under an id. No file name, no name of a person.",
        location="Where the operator’s storage service keeps the bucket",
        turned_on_by=Hand.OPERATOR,
        host_in_settings=lambda settings: urlsplit(settings.s3_address).hostname or "",
        built=True,
        since=date(2026, 11, 26),
    ),
    OutsideService(
        key=MICROSOFT_SIGN_IN,
        name="Microsoft Entra ID",
        company="Microsoft Corporation",
        purpose="Signs staff in with their work account.",
        passes="That somebody signs in here, and when. Their name, email address and Microsoft’s number for them "
        "come in; nothing else goes out.",
        location="The region of the district’s Microsoft tenant",
        turned_on_by=Hand.DISTRICT,
        hosts=("login.microsoftonline.com",),
        built=True,
        since=date(2026, 11, 26),
    ),
    OutsideService(
        key=MICROSOFT_MAIL,
        name="Microsoft Graph, mail",
        company="Microsoft Corporation",
        purpose="Sends the desk’s email from one mailbox of the district’s Microsoft 365.",
        passes="The addresses of sender and recipient, the subject and the text of each email. Nothing is read.",
        location="The region of the district’s Microsoft tenant",
        turned_on_by=Hand.DISTRICT,
        hosts=("graph.microsoft.com", "login.microsoftonline.com"),
        built=True,
        since=date(2026, 11, 27),
    ),
    OutsideService(
        key="microsoft_devices",
        name="Microsoft Intune",
        company="Microsoft Corporation",
        purpose="Fetches the list of managed devices.",
        passes="Device name, model, serial number and assignment come in; nothing goes out.",
        location="The region of the district’s Microsoft tenant",
        turned_on_by=Hand.DISTRICT,
        hosts=("graph.microsoft.com",),
    ),
    OutsideService(
        key=GOOGLE_SIGN_IN,
        name="Google sign-in",
        company="Google LLC",
        purpose="Signs staff in with their work account.",
        passes="That somebody signs in here, and when. Their name, email address and Google’s number for them "
        "come in; nothing else goes out.",
        location="The region of the district’s Google Workspace",
        turned_on_by=Hand.DISTRICT,
        hosts=("accounts.google.com", "oauth2.googleapis.com", "www.googleapis.com"),
        built=True,
        since=date(2026, 11, 26),
    ),
    OutsideService(
        key=GOOGLE_MAIL,
        name="Gmail",
        company="Google LLC",
        purpose="Sends the desk’s email from one mailbox of the district’s Google Workspace.",
        passes="The addresses of sender and recipient, the subject and the text of each email. Nothing is read.",
        location="The region of the district’s Google Workspace",
        turned_on_by=Hand.DISTRICT,
        hosts=("gmail.googleapis.com", "oauth2.googleapis.com"),
        built=True,
        since=date(2026, 11, 27),
    ),
    OutsideService(
        key=GOOGLE_DIRECTORY,
        name="Google Directory",
        company="Google LLC",
        purpose="Fetches the list of staff, and who of them is in which group.",
        passes="Name, email address, organizational unit and Google’s number of each account come in; of whoever is "
        "not on the staff nothing is kept. The address of the admin in whose name it is read goes out, and those of "
        "the groups that are asked about.",
        location="The region of the district’s Google Workspace",
        turned_on_by=Hand.DISTRICT,
        hosts=("admin.googleapis.com", "oauth2.googleapis.com"),
        built=True,
        since=date(2026, 11, 26),
    ),
    OutsideService(
        key=ENTRA_USERS,
        name="Microsoft Entra users",
        company="Microsoft Corporation",
        purpose="Fetches the list of staff, and who of them is in which group or has which app role.",
        passes="Name, email address and Microsoft’s number of each account come in; of whoever is not on the staff "
        "nothing is kept. The numbers of the groups that are asked about go out.",
        location="The region of the district’s Microsoft tenant",
        turned_on_by=Hand.DISTRICT,
        hosts=("graph.microsoft.com", "login.microsoftonline.com"),
        built=True,
        since=date(2026, 11, 26),
    ),
    OutsideService(
        key="mosyle",
        name="Mosyle",
        company="Mosyle Corporation",
        purpose="Fetches the list of managed Apple devices.",
        passes="Device name, model, serial number, assignment and ownership come in; nothing goes out.",
        location="United States",
        turned_on_by=Hand.DISTRICT,
        hosts=("managerapi.mosyle.com",),
    ),
    OutsideService(
        key=ONEROSTER,
        name="OneRoster",
        company="The roster vendor that the district names",
        purpose="Fetches schools and staff, and students, families and classes if the district chooses so, from its "
        "student information system.",
        passes="The key that the district has there, and when we ask. Of schools the names come in, of staff names, "
        "work addresses, roles and schools; if chosen, of students names, numbers, schools and grades, of families "
        "names, emails and telephone numbers, and who belongs to whom; and of classes their titles, days and who is in "
        "them. Nothing else goes out or comes in.",
        location="Where the district’s roster vendor keeps it",
        turned_on_by=Hand.DISTRICT,
        proposed=("oneroster-proxy.classlink.io",),
        built=True,
        since=date(2026, 11, 26),
    ),
    OutsideService(
        key=ED_FI,
        name="Ed-Fi",
        company="Whoever runs the Ed-Fi server that the district names: the state, or a vendor",
        purpose="Fetches the attendance register of each school: calendars, enrollments and attendance events.",
        passes="The key that the district has there, the ids of its schools, and when we ask. Of students their number "
        "comes in, when they were enrolled where, and what was noted of their attendance, with the reason and the "
        "minutes. Nothing else goes out, and nothing else is kept.",
        location="Where the operator of the Ed-Fi server keeps it",
        turned_on_by=Hand.DISTRICT,
        built=True,
        since=date(2026, 11, 27),
        caution="Not verified with a running Ed-Fi server. It was built from the published description of the ODS / "
        "API, and tried against a server of our own. Look at the first preview before you apply it.",
    ),
    OutsideService(
        key=AERIES,
        name="Aeries",
        company="Aeries Software, or the district itself, where it runs Aeries",
        purpose="Fetches the attendance register of each school: absence codes, calendars, enrollments and attendance.",
        passes="The certificate that the district made for us there, the codes of its schools, and when we ask. Of "
        "students their number comes in, when they were enrolled where, and which code was noted of them. Nothing else "
        "goes out, and nothing else is kept.",
        location="Where the district’s Aeries is kept",
        turned_on_by=Hand.DISTRICT,
        built=True,
        since=date(2026, 11, 27),
        caution="Not verified with a running Aeries. It was built from the published documentation of its API, and "
        "tried against a server of our own. Look at the first preview before you apply it.",
    ),
    OutsideService(
        key=CLEVER,
        name="Clever",
        company="Clever Inc.",
        purpose="Fetches the attendance that the district sends to Clever, and when students are enrolled where.",
        passes="The token that the application has there for the district, the ids of its schools, at times Clever’s "
        "own id of a student or a section, and when we ask. Of students their number comes in, when they are enrolled "
        "where, and what was noted of their attendance, with its excuse code. Clever answers with whatever of a "
        "student is shared with the application; the rest is read over and not kept.",
        location="United States",
        turned_on_by=Hand.DISTRICT,
        hosts=("api.clever.com",),
        built=True,
        since=date(2026, 11, 27),
        caution="Not verified with Clever. It was built from the published description of its API, version 3.1, and "
        "tried against a server of our own. Look at the first preview before you apply it. Clever has no calendar: it "
        "stays as it was brought in by file.",
    ),
    OutsideService(
        key=WONDE_ATTENDANCE,
        name="Wonde (attendance)",
        company="Wonde Ltd",
        purpose="Fetches the attendance register of each school from its information system: attendance codes, who is "
        "on roll since when, and session or lesson attendance.",
        passes="The token that the district has there, the ids of its schools, and when we ask. Of students Wonde’s id "
        "comes in, from when to when they were at the school, and what was noted of their attendance: the code, the "
        "minutes they were late, and the comment if the district chooses so. Nothing else goes out, and nothing else "
        "is kept.",
        location="The region that the district chooses: United Kingdom, Australia or South Africa",
        turned_on_by=Hand.DISTRICT,
        hosts=("api.wonde.com", "api-ap-southeast-2.wonde.com", "api-af-south-1.wonde.com"),
        built=True,
        since=date(2026, 11, 27),
        caution="Not verified with a running Wonde. It was built from what is published about its API, and tried "
        "against a server of our own. Look at the first preview before you apply it.",
    ),
    OutsideService(
        key=POWERSCHOOL,
        name="PowerSchool",
        company="PowerSchool, or the district itself, where it runs PowerSchool SIS",
        purpose="Fetches the attendance register of each school: codes, calendars, enrollments and attendance.",
        passes="The key that the district’s plugin has there, the numbers of its schools, the internal ids of students "
        "whose attendance came, and when we ask. Of students their number comes in, when they were enrolled where and "
        "why they left, and which code was noted of them. Nothing else goes out, and nothing else is kept.",
        location="Where the district’s PowerSchool is kept",
        turned_on_by=Hand.DISTRICT,
        built=True,
        since=date(2026, 11, 27),
        caution="Not verified with a running PowerSchool. It was built from published descriptions of its API and its "
        "tables, and tried against a server of our own. Look at the first preview before you apply it.",
    ),
    OutsideService(
        key=ATTENDANCE_FILE,
        name="Attendance file by HTTPS",
        company="Whoever runs the server that the district names",
        purpose="Fetches the files of the attendance register that the district’s system or script leaves ready.",
        passes="The name and password, or the token, that the district has there, and when we ask. The file comes in: "
        "calendars, codes, enrollments and marks of students. Nothing else goes out, and nothing is deleted there.",
        location="Where the district keeps the file",
        turned_on_by=Hand.DISTRICT,
        built=True,
        since=date(2026, 11, 27),
    ),
    OutsideService(
        key=ATTENDANCE_SFTP,
        name="Attendance files on an SFTP server",
        company="Whoever runs the server that the district names",
        purpose="Fetches the files of the attendance register that the district’s system leaves there.",
        passes="The name and password, or a signature by our key, that the district has there, and when we ask. The "
        "files come in: calendars, codes, enrollments and marks of students, and dates of birth while a rule asks for "
        "an age. Nothing else goes out, and nothing is written or deleted there.",
        location="Where the district keeps the files",
        turned_on_by=Hand.DISTRICT,
        built=True,
        since=date(2026, 11, 27),
    ),
    OutsideService(
        key=TWILIO,
        name="Twilio",
        company="Twilio Inc.",
        purpose="Sends text messages to families and staff who may be texted, and tells who answered STOP.",
        passes="The telephone number and the text of each message, and an address of ours without a name at which "
        "Twilio tells what became of it. The number of whoever answers comes in, and whether they said stop, start or "
        "help; what else they wrote is not kept.",
        location="United States",
        turned_on_by=Hand.DISTRICT,
        hosts=("api.twilio.com",),
        built=True,
        since=date(2026, 11, 27),
    ),
    OutsideService(
        key="openai",
        name="OpenAI",
        company="OpenAI, L.L.C.",
        purpose="Suggests replies, under the district’s own contract and key.",
        passes="Title and text of a ticket.",
        location="United States",
        turned_on_by=Hand.DISTRICT,
        hosts=("api.openai.com",),
    ),
    OutsideService(
        key="postmark",
        name="Postmark",
        company="ActiveCampaign, LLC",
        purpose="Sends the platform’s own email, such as invitations.",
        passes="The recipient’s address and a fixed text. Never a ticket.",
        location="United States",
        turned_on_by=Hand.OPERATOR,
        hosts=("api.postmarkapp.com",),
    ),
    OutsideService(
        key="stripe",
        name="Stripe",
        company="Stripe, Inc.",
        purpose="Takes card payments on its own pages.",
        passes="Billing contact, amount and purchase order number.",
        location="United States",
        turned_on_by=Hand.OPERATOR,
        hosts=("api.stripe.com",),
    ),
    OutsideService(
        key=MAILGUN,
        name="Mailgun",
        company="Sinch Email (Mailgun Technologies, Inc.)",
        purpose="Sends the desk’s email, and tells what came back.",
        passes="The addresses of sender and recipient, the subject and the text of each email. Opens and clicks "
        "are not tracked.",
        location="The European Union or the United States, as the district chooses",
        turned_on_by=Hand.DISTRICT,
        hosts=("api.mailgun.net", "api.eu.mailgun.net"),
        built=True,
        since=date(2026, 11, 27),
    ),
    OutsideService(
        key=WONDE,
        name="Wonde",
        company="Wonde Ltd",
        purpose="Fetches the staff of each school, and students and families if the district chooses so, from its "
        "information system.",
        passes="The token that the district has there, the ids of its schools, and when we ask. Of schools the names "
        "come in, of staff names and work addresses; if chosen, of students names, schools and years, of families "
        "names, emails, telephone numbers and what they are to a student. Nothing else goes out, and nothing else is "
        "kept.",
        location="The region that the district chooses: United Kingdom, Australia or South Africa",
        turned_on_by=Hand.DISTRICT,
        hosts=("api.wonde.com", "api-ap-southeast-2.wonde.com", "api-af-south-1.wonde.com"),
        built=True,
        since=date(2026, 11, 26),
    ),
    OutsideService(
        key=GROUPCALL,
        name="Groupcall Xporter",
        company="Groupcall Limited",
        purpose="Fetches the staff of each school, and students if the district chooses so, from its information "
        "system.",
        passes="The district’s name as relying party there, the numbers of its schools and their secrets, and when we "
        "ask. Of schools the names come in, of staff names and work addresses; if chosen, of students names, schools "
        "and years. Nothing else goes out, and nothing else is kept.",
        location="United Kingdom",
        turned_on_by=Hand.DISTRICT,
        hosts=("xporter.groupcall.com", "login.groupcall.com"),
        built=True,
        since=date(2026, 11, 26),
        caution="Not verified with the vendor. It was built from what others published about Xporter, and never asked "
        "Xporter itself. Look at each preview before you apply it.",
    ),
)

_BY_KEY = {one.key: one for one in SERVICES}


class ServiceSwitch(DistrictOwned, Base):
    """Whether a district lets one outside service in. No row means off."""

    __tablename__ = "service_switches"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = owned(UniqueConstraint("district_id", "service"))

    service: Mapped[str] = mapped_column(info=PUBLIC)
    on: Mapped[bool] = mapped_column(default=False, info=PUBLIC)
    #: Where it may be called, with spaces between, for a service whose hosts the district names.
    host: Mapped[str] = mapped_column(default="", info=PUBLIC)
    by_account_id: Mapped[UUID | None] = mapped_column(Uuid(), info=PUBLIC)
    at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)


def service(key: str) -> OutsideService:
    """The service of that key. Raises OutsideRefused for one that the registry does not hold."""
    found = _BY_KEY.get(key)
    if found is None:
        raise OutsideRefused(f"“{key}” is not in the registry of outside services, so it cannot be called.")
    return found


def built_services() -> Iterator[OutsideService]:
    """The services that can be in use: what the legal page lists."""
    return (one for one in SERVICES if one.built)


def is_on(key: str) -> bool:
    """Whether the current district (or the operator, for the operator's services) has it turned on."""
    return bool(hosts_in_use(key))


def hosts_in_use(key: str) -> tuple[str, ...]:
    """The hosts that this service may be called at now: none while it is off."""
    one = service(key)
    if not one.built:
        return ()
    if one.turned_on_by is Hand.OPERATOR:
        host = one.host_in_settings(get_settings())
        return (host.lower(),) if host else ()
    if district_in_force() is None:
        return ()
    switch = switch_of(key)
    if switch is None or not switch.on:
        return ()
    return one.hosts or tuple(switch.host.split())


def switch_of(key: str) -> ServiceSwitch | None:
    """This district's switch for a service: who moved it last, and when."""
    return db.session.scalars(select(ServiceSwitch).where(ServiceSwitch.service == key)).one_or_none()


def turn(key: str, on: bool, by: Actor, host: str | Sequence[str] | None = None) -> ServiceSwitch:
    """Turn a district's service on or off. `host`, or several, where the district names it, such as its mail server.

    The audit log gets its entry at the flush. Raises OutsideRefused.
    """
    one = service(key)
    one.refuse_unless_built()
    if one.turned_on_by is not Hand.DISTRICT:
        raise OutsideRefused(f"{one.name} is turned on by {one.turned_on_by}, for all districts at once.")
    switch = switch_of(key)
    hosts = [host] if isinstance(host, str) else host or []
    named = " ".join(plain_host(one) for one in hosts if one) or (switch.host if switch else "")
    if on and not one.hosts and not named:
        raise OutsideRefused(f"Name the host of {one.name.lower()} to turn it on.")
    if switch is None:
        switch = ServiceSwitch(service=key, on=False, host="")
        db.session.add(switch)
    switch.on, switch.host = on, "" if one.hosts else named
    switch.by_account_id = by.id if by.kind == "account" else None
    switch.at = clock.now()
    return switch
