"""Every component on one page, for those who build pages. Stands in the demo and on a developer's machine alone."""

from datetime import timedelta
from typing import Any

from flask import Flask, Response, abort, request
from wtforms import (
    BooleanField,
    EmailField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired

from app.core import clock
from app.core.settings import get_settings
from app.web.fields import FilesField, PublicPaper
from app.web.guard import anyone
from app.web.page import done, page


class SampleForm(PublicPaper):
    """One of each field."""

    title = StringField("What is wrong?", [InputRequired("Say in a few words what is wrong.")])
    text = TextAreaField("Tell us more", description="What did you see, and since when?")
    category = SelectField("Category", choices={"screen": "Screen or projector", "network": "Wi-Fi"})
    urgency = RadioField(
        "How urgent is it?",
        [InputRequired("Choose how urgent it is.")],
        choices={"low": "Can wait", "normal": "This week", "class_stopped": "Class cannot go on"},
    )
    email = EmailField("Your work email", [InputRequired("Write your work email.")])
    password = PasswordField("Password")
    photos = FilesField("Photos")
    quiet = BooleanField("Do not send me emails about this request")


def install(app: Flask) -> None:
    if get_settings().demo or app.debug:
        app.add_url_rule("/gallery", "gallery", show, methods=["GET"])
        app.add_url_rule("/gallery", "gallery_send", send, methods=["POST"])


@anyone
def show() -> Response:
    return _gallery(SampleForm.blank())


@anyone
def send() -> Any:
    form = SampleForm.filled()
    if not form.validate():
        return _gallery(form, status=422)
    return done("Sent. Nothing was kept of it.", request.path)


def _gallery(form: SampleForm, status: int = 200) -> Response:
    theme = request.args.get("theme")
    if theme not in {None, "light", "dark"}:
        abort(404)
    now = clock.now()
    moments = [now - timedelta(minutes=4), now - timedelta(hours=20), now - timedelta(days=400)]
    rtl = "rtl" in request.args
    return page(
        "components/gallery.html",
        block="sample_form",
        status=status,
        form=form,
        moments=moments,
        theme=theme,
        dir="rtl" if rtl else "ltr",
    )
