"""What people fill in to come in."""

from functools import cached_property

from wtforms import EmailField, HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from app.auth.models.password import LONGEST
from app.auth.models.sign_in_provider import SignInProvider
from app.integrations.openid.providers import Provider
from app.web.fields import CodeField, Paper, PublicPaper

NO_PASSKEY = (
    "No passkey came along. It needs a browser that can use passkeys, with scripts allowed; without one, use an app "
    "for codes."
)


class WhereForm(PublicPaper):
    """Outside every district: the domain of the address says which one."""

    email = EmailField("Work email", [InputRequired("Type your work email address."), Length(max=254)])

    def validate_email(self, field: EmailField) -> None:
        """An address has a domain."""
        name, _, domain = (field.data or "").strip().rpartition("@")
        if not name or "." not in domain:
            raise ValidationError("Type the whole address, such as name@school.org.")

    @property
    def domain(self) -> str:
        """What stands behind the @."""
        return str(self.email.data or "").strip().rpartition("@")[2]


class SignInForm(PublicPaper):
    """Address and password."""

    email = EmailField("Work email", [InputRequired("Type your work email address."), Length(max=254)])
    password = PasswordField("Password", [InputRequired("Type your password."), Length(max=1000)])
    next = HiddenField()

    @cached_property
    def ways(self) -> list[Provider]:
        """Who else can vouch for somebody in this district."""
        return [one.provider for one in SignInProvider.in_use()]


class ElsewhereForm(PublicPaper):
    """Signing in with Google or Microsoft: another button under the sign-in form, with its token."""

    next = HiddenField()

    @classmethod
    def short_name(cls) -> str:
        """The sign-in form's."""
        return SignInForm.short_name()


class SecondStepForm(PublicPaper):
    """A code of the app, or one from paper."""

    code = CodeField("Code", [InputRequired("Type the code."), Length(max=60)])
    next = HiddenField()


class PasskeyAskForm(PublicPaper):
    """Nothing is typed: a passkey is to say who it is."""

    next = HiddenField()


class PasskeyForm(PublicPaper):
    """What the browser's authenticator answered."""

    credential = HiddenField(validators=[InputRequired(NO_PASSKEY), Length(max=20_000, message=NO_PASSKEY)])
    next = HiddenField()


class NewPasskeyForm(Paper):
    """A name for the key, and the key."""

    name = StringField(
        "Name for this passkey",
        [
            InputRequired("Give it a name, such as “My phone”."),
            Length(max=60, message="Use at most 60 characters."),
        ],
    )
    credential = HiddenField(validators=[InputRequired(NO_PASSKEY), Length(max=20_000, message=NO_PASSKEY)])


class ConfirmForm(Paper):
    """That it is still them."""

    typed = PasswordField(
        "Password or code", [InputRequired("Type your password or a code."), Length(max=1000)]
    )
    next = HiddenField()


class ConfirmByPasskeyForm(Paper):
    """The same, by what the browser's authenticator answered."""

    credential = HiddenField(validators=[InputRequired(NO_PASSKEY), Length(max=20_000, message=NO_PASSKEY)])
    next = HiddenField()


class AppForm(Paper):
    """The first code of a new app."""

    code = CodeField(
        "Code that the app shows",
        [InputRequired("Type the six digits that the app shows."), Length(max=60)],
    )


class ForgottenForm(PublicPaper):
    """Where to send the link to."""

    email = EmailField("Work email", [InputRequired("Type your work email address."), Length(max=254)])


class NewPasswordForm(PublicPaper):
    """A new password, typed twice."""

    password = PasswordField("New password", [InputRequired("Choose a password.")])
    again = PasswordField("The same password again", [InputRequired("Type the password again.")])

    def validate_again(self, field: PasswordField) -> None:
        """Both must be the same."""
        if field.data != self.password.data:
            raise ValidationError("The two passwords differ. Type the same one twice.")

    def validate_password(self, field: PasswordField) -> None:
        """What is longer than this is not a password."""
        if len(field.data or "") > LONGEST:
            raise ValidationError(f"Use at most {LONGEST} characters.")
