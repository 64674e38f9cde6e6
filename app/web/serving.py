"""gunicorn's own settings: `gunicorn --config python:app.web.serving wsgi:app`.

Its words go through our one formatter, there is no access log (addresses hold what was searched for, and links
that open an account), and its processes count together in a folder that is emptied here, at the start.
"""

import os
import shutil
from typing import Any

from gunicorn.glogging import Logger

from app.core import logs
from app.core.settings import get_settings

counts = get_settings().instance / "run" / "counts"
shutil.rmtree(counts, ignore_errors=True)
counts.mkdir(parents=True)
# prometheus_client reads it once, when it is imported; gunicorn reads this file before the application
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(counts)

accesslog = None


class logger_class(Logger):
    """gunicorn's loggers, without handlers of their own."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        logs.set_up("web")
