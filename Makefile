# Two commands: `make demo` and `make test`. Each sets up what it needs; a second run is fast.
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-reset dev check test test-full test-data test-deploy bench bench-check lint messages setup-dev
WORKERS ?= 2
BIN := .venv/bin
# worksteal: a worker that has finished takes tests over from another.
PYTEST = $(BIN)/pytest -q -n $(WORKERS) --dist worksteal --ignore=tests/data --ignore=tests/deploy $(PROFILE)
# In development the outlines of communes are those beside the checkout; elsewhere the demonstration tries the official ones.
OUTLINES := $(wildcard ../shared/data/communes_metropole_2026_simplifiees.parquet)
ifneq ($(OUTLINES),)
demo demo-reset: export TOTEM_OUTLINES ?= $(OUTLINES)
endif

help: ## this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /|/' | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: ## Python environment, assets and catalogues, in this folder only
	@sh scripts/setup.sh base

setup-dev:
	@sh scripts/setup.sh dev

demo: setup ## the demonstration, at http://localhost:8000 (TOTEM_PORT for another port)
	@$(BIN)/totem demo

demo-reset: setup ## the demonstration, starting over
	@$(BIN)/totem demo --reset

dev: setup-dev ## the demonstration while you change the code: restarts when a file changes, shows errors in full
	@$(BIN)/totem dev

lint: setup-dev ## formatting, lint, types, layers
	@$(BIN)/ruff format --check --quiet . || { echo "lint: run .venv/bin/ruff format ."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: lint ## lint, types, layers, and the tests of the rooms in which this branch differs from main (no browser)
	@files=$$(sh scripts/changed.sh); if [ -z "$$files" ]; then echo "No room differs from main."; else $(PYTEST) $$files; fi

test: lint ## everything CI runs: lint, then all tests with a database and a browser of their own
	@sh scripts/browser.sh
	@env -u TEST_DATABASE_URL $(PYTEST)
	@if [ -n "$$TEST_DATABASE_URL" ]; then \
	  echo "Again on the server of TEST_DATABASE_URL:"; $(PYTEST) -m "not browser"; fi

test-full: PROFILE = --hypothesis-profile=full
test-full: test bench-check ## make test with more examples a property, and each benchmark on its smallest data

test-data: setup-dev ## tests on the large files of ../shared/data, where that folder exists
	@$(BIN)/pytest -q tests/data

test-deploy: setup-dev ## deploy/ as a whole on this machine: its units' settings, nginx, Caddy, PostgreSQL 15 (as root; apt-get installs them)
	@sh scripts/proxies.sh
	@$(BIN)/pytest -q tests/deploy tests/core/test_old_backups.py

bench: setup-dev ## every benchmark, one JSON line each
	@status=0; for name in contention availability startup profiles drawings register_import census evaluate coalition backup issue monthly_run; do \
	  $(BIN)/python -m benchmarks.$$name || status=1; done; exit $$status

bench-check: setup-dev ## each benchmark on its smallest data: it runs and reports, whatever the time it takes
	@$(BIN)/pytest -q benchmarks

messages: setup-dev ## gather the strings to translate into locale/
	@$(BIN)/python -m config.messages
