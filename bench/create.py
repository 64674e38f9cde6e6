"""`make bench-create`: a request for help sent over the web, beside a bare POST that writes the same rows.

`python -m bench.create [tickets…]` takes other sizes, `--requests N --runs N` shorter runs. Each is one durable
transaction, and the same process with a few threads serves both. Bars: p95 at most 3 × the reference's; at the
largest size at most 1.3 × its own at the smallest; 32 writers at once reach at least 0.6 × the reference's
throughput, before one process and before as many as a deployment starts.
"""

import argparse
import statistics
import sys
import threading
import time
from uuid import uuid4

from app.factory import create_app
from bench.pages import REQUESTS, RUNS, Ask, Browser, sound_runs
from bench.reference import explained_create
from bench.serving import AS_DEPLOYED, THREADS, served
from bench.settled import settled_in

MOST, GROWTH, THROUGHPUT = 3.0, 1.3, 0.6
WRITERS = 32
ASKER = "bell@maple.example"
WORDS = {
    "title": "The printer in the library is out of paper",
    "text": "It has said so since Monday, and nobody can find any.\nThe class prints its reports on Thursday.",
}


def main() -> int:
    """Fill, serve, measure, print; 1 if a bar is missed."""
    order = argparse.ArgumentParser(prog="bench.create")
    order.add_argument("tickets", nargs="*", type=int, default=[1_000, 200_000])
    order.add_argument("--requests", type=int, default=REQUESTS)
    order.add_argument("--runs", type=int, default=RUNS)
    asked = order.parse_args()
    missed = False
    with served(asked.tickets) as house:
        heads = ("tickets", "p95 ms", "reference", "ratio", "× smallest", "statements")
        print(f"{'one writer':<12}" + "".join(f"{head:>11}" for head in heads) + "  bar")
        smallest: float | None = None
        for district in house.districts:
            slug = str(district["slug"])
            writers = writers_at(house.port, slug)
            ours, theirs = sound_runs(*writers, 303, asked.requests, asked.runs)
            p95 = statistics.median(run.p95 for run in ours)
            usual = statistics.median(run.p95 for run in theirs)
            smallest = smallest or p95
            met = p95 <= MOST * usual and p95 <= GROWTH * smallest
            missed |= not met
            cells = [f"{district['tickets']:,}", f"{p95:.2f}", f"{usual:.2f}", f"{p95 / usual:.2f}"]
            cells += [f"{p95 / smallest:.2f}", f"{ours[0].statements}"]
            print(f"{'':<12}" + "".join(f"{cell:>11}" for cell in cells) + f"  {'met' if met else 'MISSED'}")
        with settled_in(house.environment), create_app().app_context():
            print(f"\nthe reference's plans:\n{explained_create(slug, {**WORDS, 'email': ASKER})}")
    for workers in (1, AS_DEPLOYED):
        missed |= not crowded(asked.tickets, workers, asked.requests, asked.runs)
    return int(missed)


def crowded(tickets: list[int], workers: int, requests: int, runs: int) -> bool:
    """32 writers at once, before so many processes; whether the bar is met."""
    with served(tickets, workers) as house:
        slug = str(house.districts[-1]["slug"])
        each = max(requests // WRITERS, 1)
        ours_s, theirs_s = [], []
        for _ in range(runs):
            crowd = [writers_at(house.port, slug) for _ in range(WRITERS)]
            theirs_s.append(throughput([reference for _, reference in crowd], each))
            ours_s.append(throughput([page for page, _ in crowd], each))
    ratio = statistics.median(ours_s) / statistics.median(theirs_s)
    print(
        f"{WRITERS} writers, {workers} × {THREADS} threads serving both: "
        f"{statistics.median(ours_s):.0f} tickets a second, "
        f"reference {statistics.median(theirs_s):.0f}, ratio {ratio:.2f}  "
        f"{'met' if ratio >= THROUGHPUT else 'MISSED'}",
        flush=True,
    )
    return ratio >= THROUGHPUT


def writers_at(port: int, slug: str) -> tuple[Ask, Ask]:
    """A teacher at their form, and one at the reference's; each sends a new request every time."""
    browser = Browser(port)
    browser.sign_in(slug, ASKER)
    form = {**browser.hidden_fields(f"/{slug}/requests/new"), **WORDS, "urgency": "normal"}
    return (
        lambda: browser.post(f"/{slug}/requests", {**form, "once": str(uuid4())}),
        lambda: browser.post(f"/reference/{slug}/requests", {**WORDS, "email": ASKER}),
    )


def throughput(writers: list[Ask], each: int) -> float:
    """Requests a second, all writers at once."""
    barrier = threading.Barrier(len(writers) + 1)
    refused: list[int] = []

    def write(ask: Ask) -> None:
        barrier.wait()
        for _ in range(each):
            response, _ = ask()
            if response.status != 303:
                refused.append(response.status)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if refused:
        raise SystemExit(f"{len(refused)} of {each * len(writers)} were answered {sorted(set(refused))}")
    return each * len(writers) / took


if __name__ == "__main__":
    sys.exit(main())
