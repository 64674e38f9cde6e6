"""The nouns of signing in, a file a table."""

from app.auth.models.account import Account
from app.auth.models.one_time_link import OneTimeLink
from app.auth.models.role_grant import RoleGrant
from app.auth.models.sign_in_attempt import SignInAttempt

__all__ = ["Account", "OneTimeLink", "RoleGrant", "SignInAttempt"]
