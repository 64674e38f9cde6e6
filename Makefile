# The two commands are `make run` and `make test`. Each does all of its own set-up.

.PHONY: help run test setup demo-reset bench bench-search bench-create bench-intake bench-kill bench-once bench-backup bench-roster bench-directories bench-letters bench-print-run bench-excuse bench-clerk-list bench-register prove-guards fuzz law lock

help:
	@echo "make run           the demo: web, worker, mail door and timetable, until Ctrl-C"
	@echo "make test          lint, types, import contracts, migrations, tests, browser tests"
	@echo "make demo-reset    the demo as new"
	@echo "make setup         .venv with everything the tests need, nothing started"
	@echo "make bench         the figures of the README, measured here"
	@echo "make bench-search  a search of everything that was said, rare words and common ones"
	@echo "make bench-create  requests sent over the web, one after the other and 32 at once"
	@echo "make bench-intake  mail in, from 250 to a ticket: how many a second, how old the oldest, how many lost"
	@echo "make bench-kill    kill every process at random points, and count what became of each mail"
	@echo "make bench-once    kill the worker at 50 points from the register to the letter: each notice once, none lost"
	@echo "make bench-backup  back up a district with its files, check and restore it: seconds, memory, size"
	@echo "make bench-roster  take a OneRoster export in, and the unchanged file again: seconds, memory"
	@echo "make bench-directories  50,000 people from Google and Microsoft, with every fault: lost, doubled"
	@echo "make bench-letters  letters in two languages as tagged PDF: pages a second of one core, memory"
	@echo "make bench-excuse   from an excuse in the register to the notice that does not leave"
	@echo "make bench-print-run  ten thousand letters in three languages on two workers"
	@echo "make bench-register  a million marks looked at and applied, the same again, a twentieth changed: seconds, memory"
	@echo "make bench-clerk-list  the morning list of a district of 50,000 students: p95, bytes"
	@echo "make prove-guards  take each guard away in a copy, and see a test fail"
	@echo "make fuzz          wild mail for FUZZ_MINUTES (10): no exception, bounded memory"
	@echo "make law           the attendance rules against a second, slow engine: 10,000 students that nobody thought of"
	@echo "make lock          write the lock files anew from pyproject.toml"

run:
	@./bootstrap
	@exec .venv/bin/python -m app.laptop

demo-reset:
	@./bootstrap
	@exec .venv/bin/python -m app.laptop demo-reset

setup:
	@./bootstrap test
	@./bootstrap peers

test: setup
	@exec .venv/bin/python -m tests.checks

bench: setup
	@exec .venv/bin/python -m bench

bench-search: setup
	@exec .venv/bin/python -m bench.search

bench-create: setup
	@exec .venv/bin/python -m bench.create

bench-intake: setup
	@exec .venv/bin/python -m bench.intake

bench-kill: setup
	@exec nice .venv/bin/python -m bench.kill

bench-once: setup
	@exec nice .venv/bin/python -m bench.once

bench-backup: setup
	@exec nice .venv/bin/python -m bench.backup

bench-roster: setup
	@exec nice .venv/bin/python -m bench.roster

bench-directories: setup
	@exec nice .venv/bin/python -m bench.directories

bench-letters: setup
	@exec nice .venv/bin/python -m bench.letters

bench-print-run: setup
	@exec nice .venv/bin/python -m bench.print_run

bench-excuse: setup
	@exec nice .venv/bin/python -m bench.excuse

bench-register: setup
	@exec nice .venv/bin/python -m bench.register

bench-clerk-list: setup
	@exec .venv/bin/python -m bench.clerk_list

fuzz: setup
	@exec .venv/bin/python -m tests.fuzz

prove-guards: setup
	@exec .venv/bin/python -m tests.prove_guards

law: setup
	@exec nice .venv/bin/python -m tests.truancy.ten_thousand

LOCK = .venv/bin/uv pip compile -q --system-certs --no-config --universal --generate-hashes \
	--python-version 3.11 --no-header --no-emit-index-url --no-emit-find-links

lock: setup
	$(LOCK) $(UPGRADE) pyproject.toml -o requirements.lock
	$(LOCK) $(UPGRADE) pyproject.toml --group pyproject.toml:test -c requirements.lock -o requirements-test.lock
