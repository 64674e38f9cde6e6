"""What every answer carries: what a browser may do with it, and who may keep it."""

import gzip
from functools import cache

from flask import Flask, Response, g, request

from app.core.settings import get_settings

PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"

#: Shorter answers grow when compressed.
WORTH_COMPRESSING = 700
COMPRESSED = {"text/html", "text/plain", "text/css", "text/csv", "text/javascript", "image/svg+xml"}


def install(app: Flask) -> None:
    # Flask runs these last to first.
    app.after_request(_compress)
    app.after_request(_protect)


def content_policy(cdn_host: str | None = None) -> str:
    """Nothing but our own files, and the one host of the CDN while a page uses it."""
    cdn = f" https://{cdn_host}" if cdn_host else ""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self'{cdn}",
            f"connect-src 'self'{cdn}",
            "style-src 'self'",
            "img-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


@cache
def _protection(cdn_host: str | None, over_https: bool) -> dict[str, str]:
    headers = {
        "Content-Security-Policy": content_policy(cdn_host),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": PERMISSIONS,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return headers | ({"Strict-Transport-Security": "max-age=31536000"} if over_https else {})


def _protect(response: Response) -> Response:
    said = {name.lower() for name, _ in response.headers}
    over_https = get_settings().base_url.startswith("https://")
    for name, value in _protection(g.get("cdn_host"), over_https).items():
        if name.lower() not in said:
            response.headers.add(name, value)
    if "cache-control" not in said:
        # School computers are shared: nothing of a person stays in the browser.
        response.headers.add("Cache-Control", "no-store")
        response.vary.update(("HX-Request", "Cookie"))
    return response


def _compress(response: Response) -> Response:
    if (
        response.mimetype not in COMPRESSED
        or response.direct_passthrough
        or response.is_streamed
        or "Content-Encoding" in response.headers
    ):
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] <= 0 or request.method == "HEAD":
        return response
    body = response.get_data()
    if len(body) >= WORTH_COMPRESSING:
        # The one secret on our pages, the form's token, is masked afresh each time (web/csrf.py).
        response.set_data(gzip.compress(body, compresslevel=4, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response
