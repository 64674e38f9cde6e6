"""`make prove-guards`: take each guard away, one at a time, in a scratch copy, and see its tests fail.

A guard of `guards.toml` names its file, the text to take away, what stands there instead, and the tests that
claim it. `each = "table"` repeats the removal for every owned table, `each = "door"` for every @allow.
A guard counts as proven only if a test *failed*: an import error or a fixture that broke proves nothing.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from queue import Queue

HERE = Path(__file__).resolve().parent
HOUSE = HERE.parent
#: As many copies as cores: each run has a PostgreSQL of its own.
AT_ONCE = len(os.sched_getaffinity(0))
EVERYONE = 'type("Everyone", (dict,), {"get": lambda *_: [lambda *_: True]})()'
DOOR = re.compile(r"@allow\((?P<may>May\.\w+), RULES(?P<rest>[^)]*)\)\ndef (?P<view>\w+)\(")


@dataclass(frozen=True)
class Removal:
    """One guard to take away, and the tests that must notice."""

    name: str
    file: str
    find: str
    instead: str
    tests: tuple[str, ...]
    keyword: str = ""


def removals() -> Iterator[Removal]:
    """Everything that guards.toml lists, with its repetitions spelled out."""
    for entry in tomllib.loads((HERE / "guards.toml").read_text())["guard"]:
        each, but = entry.pop("each", None), entry.pop("but", [])
        guard = Removal(**{"find": "", "instead": "", "file": "", **entry, "tests": tuple(entry["tests"])})
        if each == "table":
            yield from every_table(guard)
        elif each == "door":
            yield from every_door(guard, but)
        else:
            yield guard


def every_table(guard: Removal) -> Iterator[Removal]:
    """The same removal for each table that a migration puts behind the wall."""
    for path in sorted((HOUSE / "app/migrations/versions").glob("*.py")):
        source = path.read_text()
        for call in re.finditer(r'^    own\("(?P<table>\w+)"[^\n]*\)$', source, re.M):
            grant = (
                f"    op.execute('grant select, insert, update, delete on {call['table']} to app, across')"
            )
            yield replace(
                guard,
                name=f"{guard.name}: {call['table']}",
                file=str(path.relative_to(HOUSE)),
                find=call[0],
                instead=grant,
            )


def every_door(guard: Removal, but: list[str]) -> Iterator[Removal]:
    """The same removal for each @allow: `{everyone}` are rules that say yes to whoever is signed in."""
    for path in sorted((HOUSE / "app").glob("*/views/*.py")):
        for door in DOOR.finditer(path.read_text()):
            endpoint = f"{path.parts[-3]}.{path.stem}_{door['view']}"
            if endpoint in but:
                continue
            opened = guard.instead.format(everyone=EVERYONE, **door.groupdict())
            yield replace(
                guard,
                name=f"{guard.name}: {endpoint}",
                file=str(path.relative_to(HOUSE)),
                find=door[0],
                instead=f"{opened}\ndef {door['view']}(",
                keyword=guard.keyword and endpoint,
            )


def copy_of_the_house(to: Path) -> None:
    """What git tracks or would track, as it lies here now."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        source = HOUSE / name
        if source.is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to / name)


def run_tests(scratch: Path, tests: tuple[str, ...], keyword: str = "") -> tuple[int, str]:
    """pytest's exit code and closing line."""
    chosen = ["-k", keyword] if keyword else []
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            "--no-header",
            *chosen,
            *tests,
        ],
        cwd=scratch,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(scratch), "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=1800,
    )
    lines = [
        line for line in done.stdout.splitlines() if re.search(r"\d+ (passed|failed|error|deselected)", line)
    ]
    return done.returncode, lines[-1].strip("= ") if lines else (done.stdout + done.stderr)[-300:]


def prove(scratch: Path, guard: Removal) -> tuple[bool, str]:
    """True if a claiming test fails once the guard is gone."""
    path = scratch / guard.file
    whole = path.read_text()
    if whole.count(guard.find) < 1 or not guard.find:
        return False, "the guard is not in its file: mend tests/guards.toml"
    path.write_text(whole.replace(guard.find, guard.instead))
    try:
        code, line = run_tests(scratch, guard.tests, guard.keyword)
    finally:
        path.write_text(whole)
    return code == 1 and " failed" in f" {line}", line


def main() -> int:
    """Prove every guard, or those whose names hold the word given; a word after a dash leaves its guards out.

    `--green` says that the claiming tests have just passed on this very tree, and are not run again first.
    """
    words = [word for word in sys.argv[1:] if word != "--green"]
    chosen = [guard for guard in removals() if is_wanted(guard.name, words)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="guards-") as folder:
        copies: Queue[Path] = Queue()
        for nth in range(AT_ONCE):
            copy = Path(folder) / str(nth)
            copy_of_the_house(copy)
            copies.put(copy)
        unproven = 0
        with ThreadPoolExecutor(AT_ONCE) as pool:
            green = pool.submit(all_green, copies, [] if "--green" in sys.argv else chosen)
            for guard, (proven, line) in zip(
                chosen, pool.map(partial(prove_in, copies), chosen), strict=True
            ):
                unproven += not proven
                print(f"{'proven  ' if proven else 'UNPROVEN'}  {guard.name:<70}  {line}", flush=True)
        if not green.result():
            print("With every guard in place the claiming tests must be green, or they prove nothing.")
            return 1
    print(f"{len(chosen) - unproven} of {len(chosen)} guards proven in {time.monotonic() - began:.0f} s")
    return 1 if unproven else 0


def is_wanted(name: str, words: list[str]) -> bool:
    """True if the name holds one of the words, or there are none, and none of those after a dash."""
    left_out = [word[1:] for word in words if word.startswith("-")]
    wanted = [word for word in words if not word.startswith("-")]
    return (not wanted or any(word in name for word in wanted)) and not any(word in name for word in left_out)


def all_green(copies: "Queue[Path]", chosen: list[Removal]) -> bool:
    """True if every claiming test passes while nothing is taken away."""
    claims = tuple(dict.fromkeys(test for guard in chosen for test in guard.tests))
    if not claims:
        return True
    copy = copies.get()
    code, line = run_tests(copy, claims)
    copies.put(copy)
    print(f"with every guard in place: {line}", flush=True)
    return code == 0


def prove_in(copies: "Queue[Path]", guard: Removal) -> tuple[bool, str]:
    """prove() in whichever copy is free."""
    copy = copies.get()
    try:
        return prove(copy, guard)
    finally:
        copies.put(copy)


if __name__ == "__main__":
    sys.exit(main())
