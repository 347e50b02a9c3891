# `make env` first; every other target makes sure of it by itself.
# The lock is made for Python 3.11 on Linux; PYTHON=... names another interpreter.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
LOCK := requirements/lock.txt
# Most of a test is Python tracing graphs on one core, so two processes are quicker; a file's tests stay together.
PYTEST := $(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --durations=25 --durations-min=5
CODE := setup.py tfdgm trainers serving benchmarks tests

export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: env demo test test-all check format lock clean

# Compared by content, so that a fresh checkout of the same lock installs nothing.
env:
	@if ! cmp -s $(LOCK) .venv/lock.txt || ! cmp -s setup.py .venv/setup.py; then \
	  set -e; \
	  $(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v == (3, 11) else f"the lock is for Python 3.11, and $(PYTHON) is {v[0]}.{v[1]}: make env PYTHON=<python3.11>")'; \
	  test -x $(BIN)/python || $(PYTHON) -m venv .venv; \
	  $(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r $(LOCK); \
	  $(BIN)/python -m pip install --disable-pip-version-check -qq --no-deps --no-build-isolation --editable .; \
	  cp $(LOCK) .venv/lock.txt; cp setup.py .venv/setup.py; \
	fi

# Train, evaluate, export, serve and sample on the embedded digits; workdir, exports and picture in ./demo.
demo: env
	$(BIN)/python -m trainers.demo

test: env
	$(PYTEST) -m "not slow"

test-all: env
	$(PYTEST)

check: env
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo

format: env
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

# Pins every version and hash anew, within the ranges of setup.py; no index's address is written.
lock: env
	CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --upgrade --all-extras --allow-unsafe \
	  --generate-hashes --strip-extras --no-emit-options --no-emit-index-url --no-emit-find-links \
	  --no-emit-trusted-host --output-file $(LOCK) setup.py

clean:
	rm -rf .venv build dist *.egg-info demo .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
