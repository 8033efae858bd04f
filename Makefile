# Two commands: `make demo` and `make test`. Each sets up what it needs; a second run is fast.
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-reset dev test test-data bench lint messages setup-dev
WORKERS ?= 2
BIN := .venv/bin
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

test: lint ## everything CI runs: lint, then all tests with a database and a browser of their own
	@sh scripts/browser.sh
	@env -u TEST_DATABASE_URL $(BIN)/pytest -q -n $(WORKERS) --ignore=tests/data
	@if [ -n "$$TEST_DATABASE_URL" ]; then \
	  echo "Again on the server of TEST_DATABASE_URL:"; $(BIN)/pytest -q -n $(WORKERS) --ignore=tests/data -m "not browser"; fi

test-data: setup-dev ## tests on the large files of ../shared/data, where that folder exists
	@$(BIN)/pytest -q tests/data

bench: setup-dev ## every benchmark, one JSON line each
	@status=0; for name in contention availability startup profiles register_import census evaluate coalition; do \
	  $(BIN)/python -m benchmarks.$$name || status=1; done; exit $$status

messages: setup-dev ## gather the strings to translate into locale/
	@$(BIN)/python -m config.messages
