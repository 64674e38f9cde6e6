from pathlib import Path

from app.legal.models.promise import PROMISES

HOUSE = Path(__file__).parents[2]


def test_every_claim_of_the_trust_page_has_a_test_that_exists() -> None:
    for _, promises in PROMISES:
        for promise in promises:
            assert promise.tested_in
            for path in promise.tested_in:
                assert "def test_" in (HOUSE / path).read_text(), f"{path} tests nothing"
