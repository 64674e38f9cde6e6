"""Choosing how a district's texts leave."""

from app.core import services
from app.core.audit import noted
from app.core.db import db
from app.core.queue import PermanentFailure, TryAgain
from app.core.services import TWILIO
from app.integrations.twilio.client import Twilio
from app.notices.models.text_setting import TextChoice, TextSetting

ENTER_IT_AGAIN = (
    "Enter the secret and the auth token again: those that are kept belong to another account or key, and are used for "
    "no other."
)
NOT_SET_UP = "Fill in the account first, and save."
IS_OFF = "Turn Twilio on first: nothing is asked of it while it is off."


class CannotSetUpTexts(Exception):
    """A choice that cannot be made; the sentence says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def set_up(choice: TextChoice) -> TextSetting:
    """Keep the choice. Secrets belong to the account and key that they were entered for. Raises CannotSetUpTexts."""
    setting = TextSetting.of_this_district()
    if setting is None:
        setting = TextSetting()
        db.session.add(setting)
    else:
        is_another = (setting.account_sid, setting.key_sid) != (choice.account_sid, choice.key_sid)
        if is_another and not (choice.key_secret and choice.auth_token):
            raise CannotSetUpTexts(ENTER_IT_AGAIN)
    setting.account_sid, setting.key_sid, setting.sender = choice.account_sid, choice.key_sid, choice.sender
    if choice.key_secret:
        setting.key_secret = choice.key_secret
    if choice.auth_token:
        setting.auth_token = choice.auth_token
    if setting.staff_numbers != choice.staff_numbers:
        setting.staff_numbers = choice.staff_numbers
    setting.is_live = choice.is_live
    setting.first_hour, setting.last_hour = choice.first_hour, choice.last_hour
    db.session.flush()
    return setting


def missing() -> str:
    """What must be filled in before it can be turned on, or ""."""
    setting = TextSetting.of_this_district()
    return setting.missing() if setting else "the account"


def try_out() -> str:
    """Ask Twilio as little as shows that it works. Raises CannotSetUpTexts."""
    setting = TextSetting.of_this_district()
    if setting is None or setting.missing():
        raise CannotSetUpTexts(NOT_SET_UP)
    if not services.is_on(TWILIO):
        raise CannotSetUpTexts(IS_OFF)
    noted("tried out", "text_settings", setting.id)
    account = Twilio(setting.account_sid, setting.key_sid, setting.key_secret or "", setting.sender)
    db.session.commit()  # nobody waits for Twilio with a transaction open
    try:
        return account.try_out()
    except (TryAgain, PermanentFailure) as answer:
        raise CannotSetUpTexts(answer.sentence) from answer
