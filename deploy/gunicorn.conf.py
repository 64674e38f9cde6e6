"""The web server of a deployment: `python -m gunicorn --config deploy/gunicorn.conf.py wsgi:app`.

WEB_CONCURRENCY says how many processes: two, and one more for each further core.
"""

import os

from app.core.settings import get_settings
from app.web.serving import accesslog, logger_class

__all__ = ["accesslog", "logger_class"]  # no access log: addresses hold what was searched for

_settings = get_settings()

bind = [f"{os.environ.get('LISTEN', '127.0.0.1')}:{_settings.port}"]
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 4
# The application is read once and then forked: a new process costs what it writes.
preload_app = True

# A process that no longer answers its parent is replaced. Requests of other threads are not cut off by this.
timeout = 60
# Long enough for a phone that is sending pictures; systemd and compose wait a little longer.
graceful_timeout = 45
# What memory a process took for large pictures goes back, and not of all of them at once.
max_requests = 5000
max_requests_jitter = 1000
# Longer than the proxy before us keeps a connection, so that it never sends into one that is being closed.
keepalive = 75

# X-Forwarded-Proto from this machine would be believed otherwise. FRONTOFFICE_PROXIES alone says who is.
forwarded_allow_ips = ""
control_socket_disable = True
# Its sign of life must not wait for a disk.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
