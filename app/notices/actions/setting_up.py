"""Choosing how a district's mail leaves."""

from sqlalchemy import select

from app.core import services
from app.core.actor import Actor
from app.core.addresses import OutsideRefused
from app.core.db import db
from app.core.directory import DistrictDomain, InboundAddress
from app.core.services import DISTRICT_RELAY
from app.core.tenancy import current_district_id
from app.notices.actions import compose
from app.notices.models.mail_setting import VENDORS, Choice, MailSetting, bounces_of
from app.notices.models.message import Message

NOT_YOURS = "The desk can only write from a mail domain of this district: {domains}."
FOR_BOUNCES = "Mail that cannot be delivered comes back to {address}. Give the desk another address."
TAKEN = "Another desk receives mail at {address} already. Give another address."

ENTER_IT_AGAIN = (
    "Enter the secret. One that was entered for another account, or another way, is used for no other."
)


class CannotSetUp(Exception):
    """A choice that cannot be made; the sentence says why."""


def set_up(choice: Choice, *, by: Actor) -> MailSetting:
    """Keep the choice, and turn the way to the district's own server on or off with it. Raises CannotSetUp."""
    address = choice.desk_address.strip().lower()
    _refuse_foreign(address)
    if address == bounces_of(address):
        raise CannotSetUp(FOR_BOUNCES.format(address=address))
    setting = MailSetting.of_this_district() or MailSetting(particulars={})
    before = setting.driver
    setting.driver, setting.desk_address, setting.desk_name = choice.driver, address, choice.desk_name.strip()
    setting.host, setting.port, setting.security = choice.host.strip().lower(), choice.port, choice.security
    setting.username, setting.authserv_id = (
        choice.username.strip(),
        choice.authserv_id.strip().lower() or None,
    )
    if choice.password:
        setting.password = choice.password
    if choice.driver in VENDORS:
        _know_the_vendor(setting, choice, is_another=before != choice.driver)
    try:
        own_server = choice.driver == "smtp"
        if own_server or services.is_on(DISTRICT_RELAY):
            services.turn(DISTRICT_RELAY, own_server, by, setting.host or None)
        for driver, service in VENDORS.items():
            if choice.driver == driver or services.is_on(service):
                services.turn(service, choice.driver == driver, by)
    except OutsideRefused as refused:
        raise CannotSetUp(str(refused)) from refused
    db.session.add(setting)
    for one in (address, bounces_of(address)):
        _receive_at(one)
    db.session.flush()
    return setting


def _know_the_vendor(setting: MailSetting, choice: Choice, *, is_another: bool) -> None:
    """A secret belongs to whom it was entered for. Raises CannotSetUp."""
    is_another = is_another or setting.particulars != dict(choice.particulars)
    if not choice.secret and (is_another or not setting.secret_sealed):
        raise CannotSetUp(ENTER_IT_AGAIN)
    if is_another:
        setting.signing_key = None
    setting.particulars = dict(choice.particulars)
    if choice.secret:
        setting.secret = choice.secret
    if choice.signing_key:
        setting.signing_key = choice.signing_key


def try_out(*, to_address: str, name: str) -> Message:
    """Send a test to whoever asks."""
    return compose.email("mail_test", to_address, None, {"name": name})


def _refuse_foreign(address: str) -> None:
    """Nobody writes in another district's name."""
    own = select(DistrictDomain.domain).where(DistrictDomain.district_id == current_district_id())
    domains = sorted(db.session.scalars(own))
    if address.rpartition("@")[2] not in domains:
        raise CannotSetUp(NOT_YOURS.format(domains=", ".join(domains) or "it has none yet"))


def _receive_at(address: str) -> None:
    known = db.session.get(InboundAddress, address)
    if known is None:
        db.session.add(InboundAddress(address=address, district_id=current_district_id()))
    elif known.district_id != current_district_id():
        raise CannotSetUp(TAKEN.format(address=address))
