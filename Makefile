# One entry for people and for CI. `make test` and `make demo` work from a clean clone: the first call makes .venv from
# requirements.lock (hashes checked) with pip, or with uv where that is installed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test soak bench mutate lint fmt lock manual pictures

help:
	@echo 'make demo      the whole way of a story, on invented news, in under 10 seconds'
	@echo 'make test      lint, types, import contracts and all tests'
	@echo 'make soak      the long fault runs: hundreds of kills, pauses and stops of senders'
	@echo 'make bench     how fast the parts are, against peers in the same run'
	@echo 'make mutate    how many small faults in MODULES the quick TESTS notice'
	@echo 'make lint      the first three alone'
	@echo 'make fmt       format, and mend what the linter can mend'
	@echo 'make manual    docs/commands.md anew from the program'
	@echo 'make pictures  the pictures in README.md anew from the demo (needs Chromium)'
	@echo 'make lock      requirements.lock anew from pyproject.toml (needs uv)'

demo: $(READY)
	@$(BIN)/publisher demo

# pytest compiles the tests while mypy looks at the house: its workers would otherwise each do it for themselves. One worker more
# than there are processors, because tests of servers and clocks wait now and then.
TEST_WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(BIN)/pytest --collect-only -q >/dev/null 2>&1 & $(BIN)/mypy; typed=$$?; wait; exit $$typed
	$(BIN)/pytest -n $(TEST_WORKERS)

soak: $(READY)
	$(BIN)/pytest -n auto -m soak tests/soak

bench: $(READY)
	$(BIN)/python -m tests.bench.run

MODULES ?= subscribers/tokens.py
TESTS ?= tests/unit/test_tokens.py tests/property/test_tokens_forged.py
SAMPLE ?= 60
SEED ?= 1

mutate: $(READY)
	$(BIN)/python -m tests.mutate --modules $(MODULES) --tests $(TESTS) --sample $(SAMPLE) --seed $(SEED)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

manual: $(READY)
	$(BIN)/python -m tests.manual

pictures: $(READY)
	$(BIN)/python -m tests.pictures

lock:
	@command -v uv >/dev/null || { echo 'make lock needs uv: pip install uv' >&2; exit 1; }
	uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras --generate-hashes --upgrade \
	    --no-header --no-annotate --no-emit-index-url --output-file requirements.lock

# The project itself is installed with what the lock brought (hatchling), so that nothing is fetched unchecked.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo 'Publisher needs Python 3.11 or later: make PYTHON=python3.12 …' >&2; exit 1; }
	@count=$$(grep -c '==' requirements.lock); \
	step() { echo "  $$1"; }; \
	if command -v uv >/dev/null; then \
	    echo 'Setting up $(VENV) with uv, once: this takes seconds to a minute.'; \
	    step '1 of 3: an empty environment' \
	    && uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) \
	    && step "2 of 3: $$count packages from requirements.lock, hashes checked" \
	    && uv pip install --quiet --python $(BIN)/python --require-hashes --requirements requirements.lock \
	    && step '3 of 3: Publisher itself' \
	    && uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; \
	else \
	    echo 'Setting up $(VENV) with pip, once: this takes a minute or two.'; \
	    step '1 of 3: an empty environment' \
	    && $(PYTHON) -m venv $(VENV) \
	    && step "2 of 3: $$count packages from requirements.lock, hashes checked" \
	    && $(BIN)/pip install --quiet --require-hashes --requirement requirements.lock \
	    && step '3 of 3: Publisher itself' \
	    && $(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .; \
	fi
	@touch $@
