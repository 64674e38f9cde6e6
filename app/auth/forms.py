"""What people fill in to come in."""

from wtforms import EmailField, HiddenField, PasswordField
from wtforms.validators import InputRequired, Length, ValidationError

from app.auth.models.password import LONGEST
from app.web.fields import PublicPaper


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
