"""`make bench`: the queue page and the ticket page beside the reference, in districts of growing size.

`python -m bench [sizes…]` takes other sizes, such as 800000. A page's figure is the median of five runs' p95;
a run whose reference took 1.5 × its usual is void and repeated.
"""

import statistics
import sys

from bench import chromium
from bench.pages import Browser, side_by_side
from bench.serving import resident, served

SIZES = (1_000, 20_000, 200_000)


def main() -> int:
    """Fill, serve, measure, print."""
    sizes = [int(size) for size in sys.argv[1:]] or list(SIZES)
    with served(sizes) as house:
        failed = measure(house.districts, house.port)
        slug, technician = str(house.districts[0]["slug"]), str(house.districts[0]["technician"])
        address = f"http://127.0.0.1:{house.port}"
        failed |= not chromium.measure(address, slug, technician, "bell@maple.example")
        print(f"\nresident memory of the web process: {resident(house.pid):.0f} MB")
    return failed


def measure(districts: list[dict[str, object]], port: int) -> int:
    """Print each page's figure against the reference's; 1 if a bar is missed."""
    figures: dict[tuple[str, int], float] = {}
    missed = 0
    heads = ("tickets", "p95 ms", "reference", "ratio", "× at 1,000", "statements", "bytes")
    print(f"{'page':<8}" + "".join(f"{head:>11}" for head in heads) + "  bar")
    for district in districts:
        slug, size, number = str(district["slug"]), int(str(district["tickets"])), district["number"]
        browser = Browser(port)
        browser.sign_in(slug, str(district["technician"]))
        pages = {
            "queue": (f"/{slug}/tickets", f"/reference/{slug}/queue"),
            "ticket": (f"/{slug}/tickets/{number}", f"/reference/{slug}/tickets/{number}"),
        }
        for name, (page, reference) in pages.items():
            ours, theirs = side_by_side(browser, page, reference)
            p95 = statistics.median(run.p95 for run in ours)
            usual = statistics.median(run.p95 for run in theirs)
            figures[name, size] = p95
            growth = p95 / figures.get((name, 1_000), p95)
            most = {20_000: 4.0, 200_000: 2.5}.get(size)
            statements = ours[0].statements
            flat = size != 200_000 or growth <= 1.3
            met = flat and statements <= 12 and (most is None or p95 <= most * usual)
            missed |= not met
            cells = [f"{size:,}", f"{p95:.2f}", f"{usual:.2f}", f"{p95 / usual:.2f}", f"{growth:.2f}"]
            cells += [f"{statements}", f"{ours[0].octets:,}"]
            bar = "" if most is None else "met" if met else "MISSED"
            print(f"{name:<8}" + "".join(f"{cell:>11}" for cell in cells) + f"  {bar}", flush=True)
    print(f"\nthe reference's plans in the largest district:\n{districts[-1]['plans']}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
