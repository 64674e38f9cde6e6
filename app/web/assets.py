"""Our own files for browsers: one style sheet (and one of the family page), one script, htmx and the sign on the tab.

They are read and compressed once at the start, named by their content, and kept by browsers for a year.
"""

import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, abort, current_app, g, make_response, request
from markupsafe import Markup

from app.core.services import HTMX_CDN, SERVICES
from app.core.settings import get_settings
from app.web.guard import Guard

STATIC: Final = Path(__file__).parent.parent / "static"

HTMX_VERSION: Final = "2.0.11"
#: Of the file at the CDN and of our copy, which are the same.
HTMX_INTEGRITY: Final = "sha384-2OatzQy1H+Zd/IIrjr1TcuDGqLXeHhbooAyJY1KdQMKnr4LZ22k31GBLdYKHmVjg"
HTMX_CDN_PATH: Final = f"/npm/htmx.org@{HTMX_VERSION}/dist/htmx.min.js"
#: How long a browser waits for the CDN before it takes our copy, in milliseconds.
CDN_PATIENCE: Final = 1500

HTMX_CONFIG: Final = {
    "allowEval": False,
    "allowScriptTags": False,
    "includeIndicatorStyles": False,
    "selfRequestsOnly": True,
    # School computers are shared: no copy of a page stays in the browser.
    "historyCacheSize": 0,
    "historyRestoreAsHxRequest": False,
    "refreshOnHistoryMiss": True,
    # Not "style", which the policy refuses: a browser writes one where a person pulled a text field larger.
    "attributesToSettle": ["class"],
    "responseHandling": [
        {"code": "204", "swap": False},
        {"code": "422", "swap": True},
        {"code": "[23]..", "swap": True},
        {"code": "[45]..", "swap": False, "error": True},
    ],
}

LAYERS: Final = ("tokens", "base", "components", "rooms", "utilities")
TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """One file as it is served."""

    name: str
    body: bytes

    @cached_property
    def stamp(self) -> str:
        return hashlib.sha256(self.body).hexdigest()[:12]

    @cached_property
    def zipped(self) -> bytes:
        return gzip.compress(self.body, compresslevel=9, mtime=0)

    @property
    def url(self) -> str:
        # No district before it: one copy in the browser serves them all.
        stem, _, ending = self.name.rpartition(".")
        return f"/static/{stem}.{self.stamp}.{ending}"

    @property
    def content_type(self) -> str:
        return f"{TYPES[Path(self.name).suffix]}; charset=utf-8"


def install(app: Flask) -> None:
    assets = {one.name: one for one in (_styles(), _family(), _scripts(), _passkeys(), _htmx(), _favicon())}
    app.extensions["assets"] = assets

    def static(name: str) -> Response:
        stem, _, ending = name.rpartition(".")
        stem, _, stamp = stem.rpartition(".")
        asset = assets.get(f"{stem}.{ending}") or abort(404)
        # A page of the last release may still ask for its own: it gets today's, but does not keep it.
        return _served(asset, for_a_year=stamp == asset.stamp)

    # Open like @anyone, which would ask the session who is there: nobody needs to know.
    static.guard = Guard(None)  # type: ignore[attr-defined]
    app.add_url_rule("/static/<name>", "static", static, methods=["GET"])
    app.jinja_env.globals.update(
        asset=lambda name: assets[name].url,
        htmx_config=json.dumps(HTMX_CONFIG, separators=(",", ":")),
        script_tags=script_tags,
    )


def script_tags(staff: Any = None) -> Markup:
    """The page's script, which fetches htmx: from the CDN for signed-in staff alone, and only while it is on."""
    assets = _assets()
    tag = Markup('<script src="{}" defer data-own="{}" data-integrity="{}"{}></script>')
    host = _cdn_host() if staff else ""
    cdn = Markup("")
    if host:
        g.cdn_host = host
        cdn = Markup(' data-cdn="{}" data-patience="{}"').format(
            f"https://{host}{HTMX_CDN_PATH}", CDN_PATIENCE
        )
    return tag.format(assets["app.js"].url, assets["htmx.js"].url, HTMX_INTEGRITY, cdn)


def _assets() -> dict[str, Asset]:
    assets: dict[str, Asset] = current_app.extensions["assets"]
    return assets


def _cdn_host() -> str:
    settings = get_settings()
    return next(one.host_in_settings(settings) for one in SERVICES if one.key == HTMX_CDN)


def _served(asset: Asset, *, for_a_year: bool) -> Response:
    response = make_response(asset.body)
    if request.accept_encodings["gzip"] > 0:
        response.set_data(asset.zipped)
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Type"] = asset.content_type
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if for_a_year else "no-cache"
    response.vary.add("Accept-Encoding")
    response.set_etag(asset.stamp)
    response.make_conditional(request)
    return response


def _styles() -> Asset:
    """All style sheets as one, each in the layer that its folder names."""
    css = STATIC / "css"
    parts = [f"@layer {', '.join(LAYERS)};"]
    for layer in LAYERS:
        files = sorted((css / layer).glob("*.css")) or [css / f"{layer}.css"]
        parts += [f"@layer {layer}{{{_squeezed(one.read_text(encoding='utf-8'))}}}" for one in files]
    return Asset("app.css", "\n".join(parts).encode())


def _family() -> Asset:
    """Apart from the rest: the family page loads this and nothing else, on any phone."""
    return Asset(
        "family.css", _squeezed((STATIC / "css" / "family.css").read_text(encoding="utf-8")).encode()
    )


def _scripts() -> Asset:
    """The loader comes first: it asks which script it stands in."""
    js = STATIC / "js"
    text = "\n".join((js / name).read_text(encoding="utf-8") for name in ("loader.js", "frontoffice.js"))
    return Asset("app.js", text.encode())


def _htmx() -> Asset:
    return Asset("htmx.js", (STATIC / "js" / "vendor" / "htmx.min.js").read_bytes())


def _passkeys() -> Asset:
    """Apart from the rest: only pages that ask for a passkey load it."""
    return Asset("passkey.js", (STATIC / "js" / "passkey.js").read_bytes())


def _favicon() -> Asset:
    return Asset("favicon.svg", (STATIC / "favicon.svg").read_bytes())


def _squeezed(css: str) -> str:
    """Without comments and the white space that only people need."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"\s+", " ", css)
    return re.sub(r" ?([{};,]) ?", r"\1", css).replace(";}", "}").strip()
