"""How every legal page is shown: its version, whether it is a draft, and whom to ask."""

import re
from typing import Any

from flask import abort, request
from flask.typing import ResponseReturnValue

from app.core.settings import get_settings
from app.legal.models.contact import DistrictContact
from app.legal.models.document import DISTRICT, PRODUCT, document
from app.web import district
from app.web.page import page


def read(slug: str, **context: Any) -> ResponseReturnValue:
    """The text of that slug for whoever reads here: a district's people, or the product's visitors."""
    here = district.here()
    text = document(slug, DISTRICT if here else PRODUCT, _version_asked_for())
    if text is None:
        abort(404)
    return page(
        text.template,
        document=text,
        approval=text.approval,
        contact=DistrictContact.of_this_district() if here else None,
        settings=get_settings(),
        **context,
    )


def _version_asked_for() -> int | None:
    asked = request.args.get("version", "")
    if asked and not re.fullmatch(r"[0-9]{1,6}", asked):
        abort(404)
    return int(asked) if asked else None
