"""`make bench-search`: a search of everything that was said, for a rare word and a common one, beside the reference.

`python -m bench.search [tickets…]` takes other sizes, `--requests N --runs N` shorter runs. The reference asks
the same search function. Bar: p95 at most 3 × the reference's, at every size.
"""

import argparse
import statistics
import sys
from urllib.parse import urlencode

from sqlalchemy import text

from app.factory import create_app
from bench.fill import SERIAL, as_owner
from bench.pages import REQUESTS, RUNS, Browser, side_by_side
from bench.reference import explained_search
from bench.serving import served
from bench.settled import settled_in

MOST = 3.0


def main() -> int:
    """Fill, serve, measure, print; 1 if the bar is missed."""
    order = argparse.ArgumentParser(prog="bench.search")
    order.add_argument("tickets", nargs="*", type=int, default=[1_000, 200_000])
    order.add_argument("--requests", type=int, default=REQUESTS)
    order.add_argument("--runs", type=int, default=RUNS)
    asked = order.parse_args()
    missed = 0
    with served(asked.tickets) as house, settled_in(house.environment), create_app().app_context():
        heads = ("tickets", "found in", "p95 ms", "reference", "ratio")
        print(f"{'words':<28}" + "".join(f"{head:>11}" for head in heads) + "  bar")
        for district in house.districts:
            slug, tickets = str(district["slug"]), int(str(district["tickets"]))
            browser = Browser(house.port)
            browser.sign_in(slug, str(district["technician"]))
            rare, common = words_of(slug, tickets)
            for typed in (rare, common, f"{common} {rare}", "nowhere"):
                at = urlencode({"q": typed})
                page, reference = f"/{slug}/tickets?{at}", f"/reference/{slug}/search?{at}"
                ours, theirs = side_by_side(browser, page, reference, asked.requests, asked.runs)
                p95 = statistics.median(run.p95 for run in ours)
                usual = statistics.median(run.p95 for run in theirs)
                missed |= p95 > MOST * usual
                cells = (f"{tickets:,}", f"{found_in(slug, typed):,}", f"{p95:.2f}", f"{usual:.2f}")
                line = f"{typed:<28}" + "".join(f"{cell:>11}" for cell in (*cells, f"{p95 / usual:.2f}"))
                print(f"{line}  {'met' if p95 <= MOST * usual else 'MISSED'}", flush=True)
        print(f"\nthe reference's plan for the common word:\n{explained_search(slug, common)}")
    return missed


def words_of(slug: str, tickets: int) -> tuple[str, str]:
    """A word of one comment of one ticket, in the middle; and the commonest of the tickets' own."""
    rare = text(f"select {SERIAL.format(of='cast(:number as integer)')}")
    common = text(
        """select word from (
            select distinct tickets.id, unnest(string_to_array(lower(title), ' ')) word from tickets
            join districts on districts.id = tickets.district_id and districts.slug = :slug limit 50000) words
        where length(word) > 3 group by word order by count(*) desc, word limit 1"""
    )
    with as_owner() as owner:
        return str(owner.scalar(rare, {"number": 1001 + tickets // 2})), str(
            owner.scalar(common, {"slug": slug})
        )


def found_in(slug: str, typed: str) -> int:
    """How many tickets have all of these words."""
    counted = text(
        """select count(*) from ticket_words
        join districts on districts.id = ticket_words.district_id and districts.slug = :slug
        where words @@ search_query(districts.id, :typed, true)"""
    )
    with as_owner() as owner:
        return int(owner.scalar(counted, {"slug": slug, "typed": typed}) or 0)


if __name__ == "__main__":
    sys.exit(main())
