# Two commands: `make demo` and `make test`. Each sets everything up first; a second call starts at once.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
ARGS ?=
WORKERS ?= 2

# The console is built by the Node that comes as a wheel; its folder goes first on PATH in every call.
NODE := $(VENV)/node
NPM = PATH="$(CURDIR)/$(NODE):$$PATH" npm --prefix web
WEB_INPUTS := $(shell [ ! -d web ] || find web -type f \
	-not -path 'web/node_modules/*' -not -path 'web/dist/*' -not -path 'web/src/client/*' -not -name '*.tsbuildinfo') \
	$(wildcard docs/ref/openapi.json)
SOURCES := $(shell find vms -name '*.py')

.PHONY: help setup setup-dev system demo test test-unit test-serial test-browser check check-python check-web scenario soak bench clean

help:
	@sed -n 's/^## //p' Makefile

## make setup      virtual environment from the hashed locks, the console
setup: $(VENV)/.run $(VENV)/.bytecode console

## make demo       one node with simulated cameras; ARGS="--data DIR --port 8000"
demo: setup
	$(BIN)/vms demo $(ARGS)

## make test       unit tests, short scenarios, end-to-end in Chromium
test: setup-dev system console test-unit test-serial test-browser

## make check      lint, types, floors; the console's lint, types and tests
check: check-python check-web

## make scenario   real processes, faults, matrices, the console's longer flows
scenario: setup-dev system console
	.ci/pytest long -n 0 -m "long and not e2e" $(ARGS)
	.ci/pytest long-browser -n 0 -m "long and e2e" $(ARGS)

## make soak       long runs; prints its seed: ARGS="[nemesis|powercuts|kills] --seed N --minutes M"
soak: setup-dev system console
	$(PY) -m tests.soak $(ARGS)

## make bench      all benchmarks, beside ffmpeg and the C floor
bench: setup-dev system console
	$(PY) -m bench all $(ARGS)

## make clean      removes what the other targets made, but no data
clean:
	rm -rf $(VENV) build dist web/node_modules web/dist web/src/client .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './web/*' -prune -exec rm -rf {} +

# --- set-up -------------------------------------------------------------------------------------------------

$(VENV)/.uv: requirements/uv.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is %d.%d; say make PYTHON=..." % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	[ -x $(PY) ] || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	touch $@

$(VENV)/.run: $(VENV)/.uv requirements/run.txt requirements/build.txt pyproject.toml hatch_build.py
	$(BIN)/uv pip install --quiet --python $(PY) --compile-bytecode --require-hashes -r requirements/run.txt -r requirements/build.txt
	$(BIN)/uv pip install --quiet --python $(PY) --no-build-isolation --no-deps --editable .
	$(PY) -c 'from pathlib import Path; from hatch_build import node_folder; node_folder(Path("$(NODE)"))'
	touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(PY) --compile-bytecode --require-hashes -r requirements/dev.txt
	touch $@

# Import cost is start-up time, so byte-code is there before the first start.
$(VENV)/.bytecode: $(VENV)/.run $(SOURCES)
	$(PY) -m compileall -q vms
	touch $@

setup-dev: $(VENV)/.dev $(VENV)/.bytecode

# Browser, ffmpeg, the RTSP server that is not ours, fonts: from the system's packages.
system:
	@.ci/system-packages

# --- console ------------------------------------------------------------------------------------------------

.PHONY: console
ifeq ($(wildcard web/package.json),)
console:
	@echo "console: web/package.json is not there, so no console is built"
else
console: web/dist/index.html

web/node_modules/.package-lock.json: web/package.json web/package-lock.json | $(VENV)/.run
	$(NPM) ci --no-audit --no-fund
	touch $@

web/dist/index.html: $(WEB_INPUTS) web/node_modules/.package-lock.json | $(VENV)/.run
	$(NPM) run client --if-present
	$(NPM) run build
	touch $@
endif

# --- tests --------------------------------------------------------------------------------------------------

# Unit tests run side by side; scenarios and the browser measure time, so they have the machine for themselves.
test-unit: setup-dev
	.ci/pytest unit -n $(WORKERS) -m "not scenario and not e2e and not long" $(ARGS)

test-serial: setup-dev system console
	.ci/pytest serial -n 0 -m "scenario and not e2e and not long" $(ARGS)

# A process of its own: the browser's driver keeps an event loop running, in which other tests could not start theirs.
test-browser: setup-dev system console
	.ci/pytest browser -n 0 -m "e2e and not long" $(ARGS)

check-python: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports --no-logo

check-web: setup-dev console
	@if [ -f web/package.json ]; then $(MAKE) --no-print-directory web-lint; fi

.PHONY: web-lint
web-lint:
	$(NPM) run lint
	$(NPM) run test
