"""What every answer carries: what a browser may do with it, and who may keep it."""

import gzip

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


def _protect(response: Response) -> Response:
    keep = response.headers.setdefault
    keep("Content-Security-Policy", content_policy(g.get("cdn_host")))
    keep("X-Content-Type-Options", "nosniff")
    keep("Referrer-Policy", "same-origin")
    keep("Permissions-Policy", PERMISSIONS)
    keep("Cross-Origin-Opener-Policy", "same-origin")
    keep("Cross-Origin-Resource-Policy", "same-origin")
    if get_settings().base_url.startswith("https://"):
        keep("Strict-Transport-Security", "max-age=31536000")
    if "Cache-Control" not in response.headers:
        # School computers are shared: nothing of a person stays in the browser.
        response.headers["Cache-Control"] = "no-store"
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
