"""Made-up districts: the one generator that the demo, the tests and the benchmarks share."""

from app.demo.accounts import DEMO_ACCOUNTS, DEMO_PASSWORD, DemoAccount
from app.demo.furnishing import DISTRICTS, Sketch, draw, furnish, tickets_of
from app.demo.place import Place

__all__ = [
    "DEMO_ACCOUNTS",
    "DEMO_PASSWORD",
    "DISTRICTS",
    "DemoAccount",
    "Place",
    "Sketch",
    "draw",
    "furnish",
    "tickets_of",
]
