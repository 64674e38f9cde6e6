"""The drivers that speak to a vendor's API, as the district filled them in."""

from app.core.mail_driver import Driver
from app.integrations.entra_users.registration import Registration
from app.integrations.google_directory.service_account import ServiceAccount
from app.integrations.google_mail.client import SCOPE, GmailDoor
from app.integrations.mailgun.client import MailgunDoor
from app.integrations.microsoft_mail.client import GraphDoor
from app.notices.models.mail_setting import BY_MAILGUN, GMAIL, Desk, MailSetting


def vendors_door(ours: Desk) -> Driver:
    """The way out of the district's own choosing. Nothing is asked of anybody here."""
    chosen = MailSetting.of_this_district()
    assert chosen is not None  # the desk's driver says so
    known, secret = chosen.particulars, chosen.secret or ""
    if chosen.driver == GMAIL:
        account = ServiceAccount.of_file(secret)
        return GmailDoor(lambda client: account.token(client, ours.address, (SCOPE,)), ours.address)
    if chosen.driver == BY_MAILGUN:
        return MailgunDoor(known["domain"], known["region"], secret)
    registration = Registration(tenant=known["tenant"], client_id=known["client_id"], secret=secret)
    return GraphDoor(registration.token, ours.address)
