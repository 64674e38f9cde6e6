"""What a source that is asked has in common, whatever it is asked for."""

from typing import Any, ClassVar, Final

from wtforms import DateField, PasswordField, SelectField
from wtforms.validators import Length, Optional

from app.web.fields import Paper, options

#: The hours at which a source may be asked: schools are shut.
HOURS: Final = (18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6)


def asked_at(otherwise: str, description: str) -> SelectField:
    """The hour of the night, or only when somebody says so: in what words is `otherwise`."""
    nights = [(str(hour), f"Each night at {hour:02}:00") for hour in HOURS]
    return SelectField("Ask it", choices=options([("", otherwise), *nights]), description=description)


class AskedForm(Paper):
    """A source that is asked. Each kind has a paper of its own, with the fields that it names `OWN`."""

    #: The fields that say how it is reached, in their order: what is kept of them are its settings.
    OWN: ClassVar[tuple[str, ...]] = ()

    secret = PasswordField("Secret", [Length(max=16_000)])
    secret_expires_on = DateField(
        "Last day on which the secret works",
        [Optional()],
        description="If you know it, admins are reminded in time.",
    )
    hour = asked_at("Only when somebody says so", "In the district's time zone.")

    def own(self) -> list[Any]:
        """How it is reached."""
        return [self[name] for name in self.OWN]

    def settings(self) -> dict[str, str]:
        """How it is reached, as it is kept: a box that is ticked is "yes"."""
        return {field.name: _as_setting(field.data) for field in self.own()}

    def secret_given(self) -> str:
        """Empty if it stays as it is."""
        return (self.secret.data or "").strip()

    def hour_chosen(self) -> int | None:
        """None if it is asked only when somebody says so."""
        return int(self.hour.data) if self.hour.data else None


def _as_setting(value: object) -> str:
    return ("yes" if value else "") if isinstance(value, bool) else str(value or "").strip()
