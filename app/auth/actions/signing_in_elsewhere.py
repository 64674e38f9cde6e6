"""Signing in with Google or Microsoft: going there, and coming back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn
from uuid import UUID

from app.auth.actions import enrolling, recognising, signing_in
from app.auth.actions.refused import Held, MustWait, NotFromHere, Refused
from app.auth.models.account import Account
from app.auth.models.factors import Factors
from app.auth.models.sign_in_attempt import SignInAttempt
from app.auth.models.sign_in_flow import SignInFlow
from app.auth.models.sign_in_provider import REFUSED, SignInProvider
from app.core import clock
from app.core.actor import Actor, acting_as
from app.core.audit import noted
from app.core.crypto import token_hash
from app.core.db import db, uuid7
from app.core.directory import district_by_id
from app.core.settings import get_settings
from app.core.tenancy import current_district_id
from app.integrations.openid import exchange
from app.integrations.openid.exchange import Answer
from app.integrations.openid.id_token import Somebody
from app.integrations.openid.providers import PROVIDERS
from app.integrations.openid.refused import ProviderRefused

PURPOSE: Final = "sign in elsewhere"
LONGEST_STATE: Final = 100

NOT_IN_USE: Final = "Signing in with {name} is not turned on here. Use another way to sign in."
UNKNOWN: Final = "This sign-in was not begun here. Start again from the sign-in page."
EXPIRED: Final = "This sign-in took longer than 10 minutes. Start again."
USED: Final = "This sign-in was used already. Start again."
ANOTHER_BROWSER: Final = "This sign-in was begun in another browser. Start again in this one."
ANOTHER_PROVIDER: Final = "This sign-in was begun with another provider. Start again."
CHANGED: Final = "The settings were changed while you were away. Start again."
ANOTHER_PERSON: Final = "Somebody else is signed in here now. Sign in as yourself, then start again."
ANOTHERS: Final = "That is another account at {name} than the one that opens yours here. Choose yours there."
CROWDED: Final = "Too many people are signing in from your network right now. Try again in ten minutes."


@dataclass(frozen=True)
class Back:
    """Somebody came back: whose account it is, where they wanted to go, and what they went for."""

    account: Account
    go_on: str
    #: The provider's name, for whoever only added it.
    added: str = ""
    #: They were signed in, and showed that it is still they.
    confirmed: bool = False


@dataclass(frozen=True, kw_only=True)
class Return:
    """What came back, and in which browser."""

    word: str
    state: str = field(repr=False)
    answer: Answer
    browser: str = field(repr=False)
    address: str
    #: Whoever is signed in to this browser.
    signed_in: Actor | None = None


def offered() -> Sequence[SignInProvider]:
    """What staff of this district can sign in with now."""
    return list(SignInProvider.in_use())


def back_to(word: str) -> str:
    """Our address that a provider sends people back to. Its host is the one of the settings."""
    card = district_by_id(current_district_id())
    assert card is not None
    return f"{get_settings().base_url.rstrip('/')}/{card.slug}/sign-in/{word}/callback"


def begin(
    word: str,
    *,
    browser: str,
    address: str,
    go_on: str,
    account_id: UUID | None = None,
    confirms: bool = False,
) -> str:
    """Where to send this browser. `account_id`: of whoever adds a way to come in. Raises Refused.

    `confirms`: they add nothing, and are to sign in there once more.
    """
    setting = SignInProvider.of(word)
    if setting is None or not setting.is_in_use():
        raise Refused(NOT_IN_USE.format(name=PROVIDERS[word].name))
    if SignInFlow.is_crowded(address):
        raise Refused(CROWDED)
    flow = SignInFlow.begin(
        provider_id=setting.id,
        version=setting.version,
        browser=browser,
        address=address,
        account_id=account_id,
        go_on=go_on,
        confirms=confirms,
    )
    db.session.commit()  # nobody waits for a provider with a transaction open
    registration = setting.registration()
    try:
        return exchange.address(registration, flow.secrets, back_to=back_to(word), fresh=confirms)
    except ProviderRefused as refused:
        _refuse(setting, refused.sentence)


def finish(came: Return) -> Back:
    """Who came back. Raises Refused, Held or MustWait; whatever it is, it stands in the audit log.

    1. The try is counted, and those who fail too often wait.
    2. The state is ours, of this browser, young, and used up by this very call, committed before anything else.
    3. The provider is asked, and what it says is read (integrations/openid).
    4. The account is found by the provider's number, or by the rule (recognising.py).
    """
    attempt = _counted(came.address)
    flow, setting = _taken(came)
    registration, word, secrets = setting.registration(), came.word, flow.secrets
    go_on, for_account = flow.go_on, flow.account_id
    since = flow.made_at if flow.confirms else None
    db.session.commit()
    try:
        somebody = exchange.who(
            registration, secrets, came.answer, back_to=back_to(word), signed_in_since=since
        )
        if for_account is not None and since is not None:
            account = _still(_mine(for_account), somebody, word)
        elif for_account is not None:
            account = _mine(for_account)
            with acting_as(account):
                recognising.link_account(account, somebody, word, by=account)
                enrolling.tell_of_change(account, "added a way to sign in")
        else:
            account = recognising.account_of(somebody, word)
    except ProviderRefused as refused:
        _refuse(setting, refused.sentence, is_fault=refused.is_fault)
    except Held:
        noted("sign-in held", "sign_in_providers", setting.id)
        db.session.commit()
        raise
    except Refused as refused:
        db.session.rollback()  # nothing half linked stays
        _refuse(setting, refused.sentence, is_fault=False)
    attempt.worked = True
    setting.worked()
    if since is not None:
        return Back(account, go_on, confirmed=True)
    if for_account is not None:
        return Back(account, go_on, added=registration.provider.name)
    if Factors.of(account.id):
        with acting_as(account):
            noted("was vouched for", "accounts", account.id, through=word)
    else:
        signing_in.is_in(account, through=word)
    return Back(account, go_on)


def _counted(address: str) -> SignInAttempt:
    attempt = SignInAttempt.begin(PURPOSE, str(uuid7()), address)  # by the network alone: nobody is known yet
    db.session.commit()
    wait = attempt.must_wait()
    if wait:
        db.session.delete(attempt)
        db.session.commit()
        raise MustWait(wait)
    return attempt


def _taken(came: Return) -> tuple[SignInFlow, SignInProvider]:
    """The flow of that state, used up, and the settings it began with."""
    flow = SignInFlow.come_back(came.state) if 0 < len(came.state) <= LONGEST_STATE else None
    if flow is None:
        _refuse(None, UNKNOWN)
    setting = db.session.get(SignInProvider, flow.provider_id)
    assert setting is not None
    if flow.browser_hash != token_hash(came.browser):
        _refuse(setting, ANOTHER_BROWSER, is_fault=False)  # not used up: it is somebody else's
    if flow.used_at is not None:
        _refuse(setting, USED, is_fault=False)
    flow.used_at = clock.now()
    db.session.flush()
    if flow.expires_at <= clock.now():
        _refuse(setting, EXPIRED, is_fault=False)
    if setting.word != came.word:
        _refuse(setting, ANOTHER_PROVIDER)
    if setting.version != flow.version:
        _refuse(setting, CHANGED, is_fault=False)
    if not setting.is_in_use():
        _refuse(setting, NOT_IN_USE.format(name=setting.provider.name), is_fault=False)
    if flow.account_id is not None and (came.signed_in is None or came.signed_in.id != flow.account_id):
        _refuse(setting, ANOTHER_PERSON, is_fault=False)
    return flow, setting


def _mine(account_id: UUID) -> Account:
    account = Account.find(account_id)
    if account is None or not account.may_sign_in():
        raise Refused(recognising.SUSPENDED)
    return account


def _still(account: Account, somebody: Somebody, word: str) -> Account:
    if not recognising.is_theirs(account, somebody):
        raise Refused(ANOTHERS.format(name=PROVIDERS[word].name))
    with acting_as(account):
        noted("confirmed who they are", "accounts", account.id, by=word)
    return account


def _refuse(setting: SignInProvider | None, sentence: str, *, is_fault: bool = True) -> NoReturn:
    """Write down that nobody was signed in, and why, and say so. `is_fault`: the admin's page shows it too."""
    noted(REFUSED, "sign_in_providers", setting.id if setting else None, why=sentence)
    if setting is not None and is_fault:
        setting.failed(sentence)
    db.session.commit()
    raise NotFromHere(sentence)
