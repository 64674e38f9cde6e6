"""Made-up districts: the one generator that the demo, the tests and the benchmarks share."""

from app.demo.accounts import DEMO_ACCOUNTS, DEMO_PASSWORD, DemoAccount
from app.demo.furnishing import DISTRICTS, Sketch, furnish

__all__ = ["DEMO_ACCOUNTS", "DEMO_PASSWORD", "DISTRICTS", "DemoAccount", "Sketch", "furnish"]
