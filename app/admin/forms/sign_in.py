"""Who gets in, and how."""

from typing import Any

from wtforms import DateField, EmailField, HiddenField, PasswordField, RadioField, StringField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from app.admin.forms.checks import GUID, an_address
from app.web.fields import Paper, options


class RegistrationForm(Paper):
    """What a district is registered as at Google or Microsoft."""

    client_id = StringField("Client ID", [InputRequired("Copy the client ID from there."), Length(max=255)])
    client_secret = PasswordField("Client secret", [Length(max=500)])
    secret_expires_on = DateField("Last day on which the secret works", [Optional()])
    tenant = StringField("Tenant ID", [Length(max=40)])
    domains = StringField("Domains", [Length(max=1000)])

    def validate_tenant(self, field: Any) -> None:
        """A GUID: “common” and the like would let in everybody’s staff."""
        if field.data and not GUID.fullmatch(field.data.strip()):
            raise ValidationError(
                "A tenant ID has 32 digits and letters in five groups, such as 0f8fad5b-d9cb-469f-a165-70867728950e."
            )


class AdmitForm(Paper):
    """Who somebody is that Google or Microsoft vouches for."""

    email = EmailField(
        "Their address on your staff list",
        [InputRequired("Write the address that they have under People."), an_address, Length(max=254)],
    )


class FactorsForm(Paper):
    """Of whom a second factor is asked."""

    factor_for = RadioField(
        "Who needs a second factor?",
        choices=options(
            [
                ("nobody", "Nobody has to have one"),
                ("desk", "Admins and technicians"),
                ("everybody", "Everybody who signs in"),
            ]
        ),
        validate_choice=True,
    )


class SealForm(Paper):
    """The account for emergencies."""

    name = StringField(
        "What it is called",
        [InputRequired("Give it a name."), Length(max=80, message="Use at most 80 characters.")],
        default="Sealed account",
    )


class SafeKeyForm(Paper):
    """A security key for the safe: its name, and what the browser's authenticator answered."""

    name = StringField(
        "Name for this key", [InputRequired("Give it a name, such as “Key in the safe”."), Length(max=60)]
    )
    credential = HiddenField(
        validators=[
            InputRequired(
                "No key came along. It needs a browser that can use passkeys, with scripts allowed."
            ),
            Length(max=20_000),
        ]
    )


class VisitForm(Paper):
    """For how long the operator may look."""

    minutes = RadioField(
        "For how long?",
        choices=options([("15", "15 minutes"), ("30", "30 minutes"), ("60", "60 minutes")]),
        default="15",
    )
