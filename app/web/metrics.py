"""/metrics in Prometheus' text format: what this host's web processes counted, and what the timetable last read.

A stranger gets the 404 of any page that is not there. Requests are counted by the door's name, so that there
are as many series as doors, and none holds an address, an id or a person.
"""

import hmac
import ipaddress
import math
import os
from collections import Counter as Counted
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from app.core import alarms, clock, readings
from app.core.db import db
from app.core.measures import every_measure
from app.core.settings import get_settings
from app.web.guard import anyone

FORMAT: Final = "text/plain; version=0.0.4; charset=utf-8"
#: Where gunicorn's processes count together (app/web/serving.py names the folder and sets this).
TOGETHER: Final = "PROMETHEUS_MULTIPROC_DIR"
#: A request that a proxy passed on says so in one of these.
PASSED_ON: Final = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via")

_alone = CollectorRegistry()
_requests = Counter("frontoffice_requests", "Answered requests.", ("door", "status"), registry=_alone)
_seconds = Histogram(
    "frontoffice_request_seconds",
    "How long answers took to be made.",
    ("door",),
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
    registry=_alone,
)


def count_request(door: str, status: int, seconds: float) -> None:
    """One more."""
    _requests.labels(door, f"{status // 100}xx").inc()
    _seconds.labels(door).observe(seconds)


@anyone
def metrics() -> Response:
    """Everything that is measured, for those who may know."""
    if not _may_know():
        abort(404)
    told = generate_latest(_counted()) + generate_latest(_read())
    return Response(told, headers={"Content-Type": FORMAT, "Cache-Control": "no-store"})


class Readings(Collector):
    """What the timetable read last, and the alarms that are on; of stale readings their age alone."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        kept = readings.kept(db.session())
        age = (clock.now() - max(one.at for one in kept)).total_seconds() if kept else math.inf
        yield _gauge("readings_age_seconds", "Since the timetable last read what follows.", "", {"": age})
        if age > readings.FRESH.total_seconds():
            return
        by_name: dict[str, dict[str, float]] = {}
        for one in kept:
            by_name.setdefault(one.name, {})[one.about] = one.value
        for measure in every_measure():
            if measure.name in by_name:
                yield _gauge(measure.name, measure.what, measure.by, by_name[measure.name])
        on = Counted(alarm.rule for alarm in alarms.raised(db.session()))
        told = {rule.name: float(on[rule.name]) for rule in alarms.RULES}
        yield _gauge("alarms", "Alarms that are on.", "rule", told)


def _gauge(name: str, what: str, by: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(f"frontoffice_{name}", what, labels=[by] if by else [])
    for about, value in values.items():
        gauge.add_metric([about] if by else [], value)
    return gauge


def _counted() -> CollectorRegistry:
    if TOGETHER not in os.environ:
        return _alone
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _read() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(Readings())
    return registry


def install(app: Flask) -> None:
    """A door outside every district."""
    app.add_url_rule("/metrics", view_func=metrics)


def _may_know() -> bool:
    settings = get_settings()
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if (
        settings.metrics_token
        and scheme.lower() == "bearer"
        and hmac.compare_digest(token.strip().encode(), settings.metrics_token.encode())
    ):
        return True
    return _came_straight() and _is_near(request.remote_addr or "")


def _came_straight() -> bool:
    """Behind a proxy everybody seems to be this machine, so what one passed on needs the token."""
    if any(name in request.headers for name in PASSED_ON):
        return False
    public = urlsplit(get_settings().base_url).hostname
    asked = urlsplit(f"//{request.host}").hostname
    return asked != public or _is_near(public or "") or public == "localhost"


def _is_near(address: str) -> bool:
    try:
        one = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(one in network for network in get_settings().metrics_from)
