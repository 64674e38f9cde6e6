"""A PDF of ours as an answer: to be saved, kept by nobody on the way, and never run as a page."""

from io import BytesIO
from typing import Final

from flask import Response, send_file

SANDBOX: Final = "sandbox; default-src 'none'"


def as_pdf(pdf: bytes, name: str) -> Response:
    """To be saved under that name, which is made of our own words and codes."""
    answer = send_file(
        BytesIO(pdf), mimetype="application/pdf", as_attachment=True, download_name=name, etag=False
    )
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = SANDBOX
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
