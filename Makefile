# Five commands; `make` alone lists them. `make run` and `make test` set up all they need.
# Variables: PORT=, DATABASE_URL=, CLOCK=manual, PYTHON=.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -c requirements.lock
# A file of tests stays together: it may have made a city that all of it uses.
WORKERS := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
SAY := @printf '\n==> %s\n'
WEB := api/web
BUILT := $(WEB)/static/built
PM4PY := .venv-pm4py
SCRIPTS := $(shell find $(WEB)/scripts -type f) $(WEB)/build.mjs
PACKAGING := setup.cfg pyproject.toml requirements.lock

export PORT DATABASE_URL CLOCK

.PHONY: help run test lint bench docs

help:
	@echo 'make run    set everything up and serve the demo city on http://127.0.0.1:8080'
	@echo 'make test   check style, types and layers, then run all tests'
	@echo 'make lint   check style, types and layers only'
	@echo 'make bench  run the benchmarks and print their ratios'
	@echo 'make docs   draw every diagram into docs/diagrams, photograph every page into docs/screens'

run: $(VENV)/.run-installed $(BUILT)/.done
	$(SAY) 'Bringing the database up to date'
	@$(BIN)/bihuan migrate
	$(SAY) 'Loading the demo city and deploying processes/ (what is there already stays)'
	@$(BIN)/bihuan demo --cases 0
	$(SAY) 'Serving; stop with Ctrl-C'
	@exec $(BIN)/bihuan serve

test: lint $(BUILT)/.done $(PM4PY)/.installed
	$(SAY) 'Running the tests'
	@COMPILED=off $(BIN)/python -m pytest $(WORKERS) $(if $(or $(CI),$(BIHUAN_REQUIRE_ALL)),-p tests.nothing_skipped)

lint: $(VENV)/.test-installed
	$(SAY) 'Checking style (ruff), types (mypy) and layers (import-linter)'
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.test-installed
	@$(BIN)/bihuan bench

docs: $(VENV)/.test-installed $(BUILT)/.done
	@$(BIN)/python docs/draw.py
	@$(BIN)/python docs/screens.py

$(BIN)/python:
	@test -n '$(PYTHON)' || { echo 'Bihuan needs Python 3.11 or later; name it with make PYTHON=/path/to/python.'; exit 2; }
	$(SAY) 'Making a virtual environment in $(VENV)'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo 'That needs the module venv; on Debian and Ubuntu: apt install python3-venv.'; exit 2; }

$(VENV)/.run-installed: $(PACKAGING) | $(BIN)/python
	$(SAY) 'Installing Bihuan and what it needs'
	@$(PIP) -e '.[postgres,assets]'
	@touch $@

$(VENV)/.test-installed: $(PACKAGING) | $(BIN)/python
	$(SAY) 'Installing Bihuan with what its tests need'
	@$(PIP) -e '.[postgres,dev]'
	@touch $@ $(VENV)/.run-installed

# Tests read event logs back with PM4Py, a program of its own (AGPL) in an environment of its
# own. Where it cannot be had those tests are skipped, and it is tried again the next time.
$(PM4PY)/.installed: tests/event_logs/pm4py.txt | $(BIN)/python
	$(SAY) 'Installing PM4Py, for the tests alone, in $(PM4PY)'
	@$(BIN)/python -m venv --clear --without-pip $(PM4PY)
	@$(BIN)/python -m pip --python $(PM4PY)/bin/python --disable-pip-version-check install -q \
		--no-deps --no-compile --only-binary :all: -r $< && touch $@ \
		|| echo 'PM4Py is not to be had: the tests that read event logs back with it are skipped.'

# Nothing built is committed. Without it the pages work, but for diagrams and editors.
$(BUILT)/.done: $(SCRIPTS) $(WEB)/node_modules/.package-lock.json
	$(SAY) 'Building the browser assets'
	@cd $(WEB) && PATH="$(abspath $(BIN)):$$PATH" node build.mjs
	@touch $@

# npm leaves a lock file of its own in node_modules. No script of a package is run.
$(WEB)/node_modules/.package-lock.json: $(WEB)/package-lock.json $(WEB)/package.json | $(VENV)/.run-installed
	$(SAY) 'Fetching what the browser assets are built from'
	@cd $(WEB) && PATH="$(abspath $(BIN)):$$PATH" npm ci --ignore-scripts --no-audit --no-fund
	@touch $@
