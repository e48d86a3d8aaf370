# Two commands on a fresh machine (Python 3.11 or newer, make): `make up` and `make test`. `make help` lists the rest.

.DEFAULT_GOAL := help
.PHONY: help up web test lint sim soak fuzz screens bench docs lock clean
# Another environment that happens to be active must not lend its modules to ours.
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV

# The first Python that is new enough: the one named by PYTHON, else what the machine has.
PYTHON ?=
find_python = for name in "$(PYTHON)" python3 python3.13 python3.12 python3.11 python3.14; do \
	  if [ -n "$$name" ] && "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    python=$$name; break; fi; done; \
	if [ -z "$${python:-}" ]; then \
	  echo "Remit needs Python 3.11 or newer: install it, or name one: make PYTHON=/path/to/python3.11" >&2; exit 1; fi
set_up = @$(find_python); "$$python" scripts/environment.py
# What is handed to the command, as in: make up ARGS="--for 60s"
ARGS ?=

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*  ## /\1\t/p' Makefile | expand -t 8

up:  ## set up everything, run the demo and open its page (ARGS="--for 60s" ends it by itself)
	$(set_up) up
	@.venv/bin/python scripts/web.py build || echo "set-up: going on without the page; make web tries it again" >&2
	@.venv/bin/python -m remit up --demo --open $(ARGS)

web:  ## build the page from web/ (with the Node of this machine, else one in .venv)
	$(set_up) up
	@.venv/bin/python scripts/web.py build

test: lint  ## set up everything and run every check: style, types, import law, tests, a minute of sim (ARGS go to pytest alone)
	@$(find_python); "$$python" scripts/system.py
	@.venv/bin/python scripts/web.py build
	@.venv/bin/python scripts/web.py test
	@.venv/bin/python -m pytest -n auto --dist worksteal $(ARGS)
	$(if $(strip $(ARGS)),,@.venv/bin/python -m remit.testing.sim --seconds 60)

lint:  ## the checks that only read the source: style, types, import law
	$(set_up) test
	@.venv/bin/python -m ruff check src tests scripts
	@.venv/bin/python -m mypy
	@.venv/bin/lint-imports

sim:  ## simulate fresh seeds for a minute and all past ones (SEED=7 that one alone, SECONDS=600 for longer, ARGS="--story")
	$(set_up) test
	@.venv/bin/python -m remit.testing.sim $(if $(SEED),--seed $(SEED)) $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

soak:  ## trade for an hour of virtual time: 50 agents, 1,000 instruments, restarts (ARGS="--minutes 5" for a short one)
	$(set_up) test
	@.venv/bin/python -m remit.testing.sim.soak $(ARGS)

fuzz:  ## fuzz every way for foreign bytes to get in for a minute (SECONDS=600 for longer, ARGS="server journal" those alone)
	$(set_up) test
	@.venv/bin/python -m tests.hostile.fuzz --seconds $(or $(SECONDS),60) $(ARGS)

screens:  ## photograph every screen of the page into docs/screens (ARGS="halts order" those alone)
	$(set_up) test
	@$(find_python); "$$python" scripts/system.py
	@.venv/bin/python scripts/web.py build
	@.venv/bin/python -m scripts.screens $(ARGS)

bench:  ## measure decide, durability and replay beside their yardsticks
	$(set_up) bench
	@.venv/bin/remit bench $(ARGS)

docs:  ## write the generated pages of docs/ anew from the code
	$(set_up) test
	@.venv/bin/python scripts/make_docs.py

lock:  ## resolve pyproject.toml anew into requirements/ (ARGS="--upgrade" takes newer versions)
	$(set_up) lock
	@sh scripts/lock.sh $(ARGS)

clean:  ## remove everything that make made, the environment included
	@chmod -R u+w .venv build dist 2>/dev/null || true
	@rm -rf .venv .venv.lock build dist web/node_modules web/dist web/.lock src/remit/doors/http/page .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	@find src tests scripts -name __pycache__ -type d -prune -exec chmod -R u+w {} + -exec rm -rf {} +
