# keyfob: what can be done here. `make` alone lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL_SELF := $(PIP) install --no-deps --no-build-isolation --editable .

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types imports format docs lock bench clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "keyfob needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: $(VENV)/bin/python requirements/run.lock pyproject.toml
	$(PIP) install --require-hashes --requirement requirements/run.lock
	$(INSTALL_SELF)
	touch $@

$(VENV)/dev.stamp: $(VENV)/bin/python requirements/dev.lock pyproject.toml
	$(PIP) install --require-hashes --requirement requirements/dev.lock
	$(INSTALL_SELF)
	touch $@

demo: $(VENV)/run.stamp ## Play the whole flow with two users in two buildings
	$(BIN)/keyfob demo

test: $(VENV)/dev.stamp ## Run the tests
	$(BIN)/python -m pytest -n 2 $(TESTS)

check: lint types imports test ## Everything that decides whether a change may land

lint: $(VENV)/dev.stamp ## Lint, and see that the formatting is ruff's
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp ## Check types, strictly
	$(BIN)/mypy

imports: $(VENV)/dev.stamp ## Check which package may import which
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp ## Format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## Pin every dependency anew
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet uv
	for name in run dev; do \
	  extras=$$([ $$name = run ] && echo "demo" || echo "demo,dev"); \
	  $(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header --extra $${extras%%,*} $$([ $$name = dev ] && echo --extra dev) \
	    pyproject.toml requirements/build.in --output-file requirements/$$name.lock; \
	done
	rm -r $(VENV)-lock

clean: ## Remove what was built
	rm -rf $(VENV) $(VENV)-peers build dist tests/interop/javascript/node_modules
