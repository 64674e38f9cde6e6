"""`make bench`: the queue page and the ticket page beside the reference, in districts of growing size.

`python -m bench [sizes…]` takes other sizes, such as 800000. A page's figure is the median of five runs' p95;
a run whose reference took 1.5 × its usual is void and repeated.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench import chromium
from bench.database import durable
from bench.pages import Answered, Browser

INSTANCE = Path(__file__).resolve().parents[1] / "instance" / "bench"
SIZES = (1_000, 20_000, 200_000)
COMMENTS_IN_ALL = 2_000_000
RUNS, REQUESTS = 5, 1_000
VOID = 1.5


def main() -> int:
    """Fill, serve, measure, print."""
    sizes = [int(size) for size in sys.argv[1:]] or list(SIZES)
    INSTANCE.mkdir(parents=True, exist_ok=True)
    with durable(INSTANCE) as environment:
        filled = subprocess.run(
            [sys.executable, "-m", "bench.fill", *map(str, sizes)],
            env=environment,
            capture_output=True,
            text=True,
        )
        print(filled.stderr[-2000:], end="")
        districts = json.loads(filled.stdout.splitlines()[-1])
        port = free_port()
        environment["FRONTOFFICE_PORT"] = str(port)
        environment["FRONTOFFICE_BASE_URL"] = f"http://127.0.0.1:{port}"
        server = serve(port, environment)
        try:
            failed = measure(districts, port)
            slug, technician = str(districts[0]["slug"]), str(districts[0]["technician"])
            in_browser = chromium.measure(f"http://127.0.0.1:{port}", slug, technician, "bell@maple.example")
            failed |= not in_browser
            print(f"\nresident memory of the web process: {resident(server.pid):.0f} MB")
        finally:
            server.terminate()
            server.wait(15)
    return failed


def serve(port: int, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    """The same gunicorn as `make run`, with one worker, which one client keeps to."""
    order = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    order += [
        "--threads",
        "4",
        "--workers",
        "1",
        "--keep-alive",
        "60",
        "--no-control-socket",
        "bench.server:app",
    ]
    server = subprocess.Popen(order, env=environment, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return server
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The web server did not start.")


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
            ours, theirs = runs(browser, page, reference)
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


def runs(browser: Browser, page: str, reference: str) -> tuple[list[Answered], list[Answered]]:
    """Five sound runs of each, side by side; void ones are said and repeated."""
    ours: list[Answered] = []
    theirs: list[Answered] = []
    for _ in range(3 * RUNS):
        if len(ours) == RUNS:
            break
        beside = browser.time(reference, REQUESTS)
        run = browser.time(page, REQUESTS)
        if theirs and beside.p95 > VOID * min(other.p95 for other in theirs):
            print(f"  void: the reference took {beside.p95:.2f} ms", flush=True)
            continue
        theirs.append(beside)
        ours.append(run)
    return ours, theirs


def resident(pid: int) -> float:
    """The worker's resident memory in megabytes: the largest child of gunicorn's arbiter."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = max(int(Path(f"/proc/{child}/statm").read_text().split()[1]) for child in children)
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def free_port() -> int:
    """A port nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
