"""The nouns of signing in, a file a table."""

from app.auth.models.account import Account
from app.auth.models.authenticator_app import AuthenticatorApp
from app.auth.models.held_sign_in import HeldSignIn
from app.auth.models.one_time_link import OneTimeLink
from app.auth.models.passkey import Passkey
from app.auth.models.recovery_code import RecoveryCode
from app.auth.models.role_grant import RoleGrant
from app.auth.models.sealed_account import SealedAccount
from app.auth.models.sign_in_attempt import SignInAttempt
from app.auth.models.sign_in_flow import SignInFlow
from app.auth.models.sign_in_identity import SignInIdentity
from app.auth.models.sign_in_provider import SignInProvider
from app.auth.models.sign_in_step import SignInStep

__all__ = [
    "Account",
    "AuthenticatorApp",
    "HeldSignIn",
    "OneTimeLink",
    "Passkey",
    "RecoveryCode",
    "RoleGrant",
    "SealedAccount",
    "SignInAttempt",
    "SignInFlow",
    "SignInIdentity",
    "SignInProvider",
    "SignInStep",
]
