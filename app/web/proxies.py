"""Who asks, and over what, where proxies of the operator's stand between: as they say it, and as nobody else does.

Each proxy adds to X-Forwarded-For whom it heard, so only as many entries are believed as there are proxies,
counted from the end; what a browser wrote before them is not read. The host is never taken from a header of
theirs: they pass the Host that the browser named.
"""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.core.settings import get_settings


def install(app: Flask) -> None:
    """Believe as many proxies as the settings count; none, unless they say so."""
    count = get_settings().proxies
    if count:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=0, x_port=0, x_prefix=0
        )
