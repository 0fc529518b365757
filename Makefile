# keyfob: what can be done here. `make` alone lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
COMPILE := $(VENV)-lock/bin/uv pip compile pyproject.toml --upgrade --quiet --universal \
  --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
INSTALL_SELF := $(PIP) install --no-deps --no-build-isolation --editable .

.DEFAULT_GOAL := help
.PHONY: help demo test check cov lint types imports format docs migration crash peers bench-apis bench-broker lock fuzz soak clean

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

check: lint types imports cov test ## Everything that decides whether a change may land

cov: $(VENV)/dev.stamp ## See that the tests reach every branch of the policy engine
	$(BIN)/python -m pytest -q -n 2 tests/unit/policy --cov=keyfob.policy --cov-branch \
	  --cov-report=term-missing:skip-covered --cov-fail-under=100

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

docs: $(VENV)/dev.stamp ## Write the tables of operations and of MQTT's conformance anew
	$(BIN)/python tests/architecture/coverage.py
	$(BIN)/python tests/unit/mqtt/conformance/page.py

migration: $(VENV)/dev.stamp ## Write the first migration anew from the tables (until the first release)
	$(BIN)/python tests/architecture/first_migration.py
	$(BIN)/ruff format --quiet src/keyfob/store/migrations/versions

crash: $(VENV)/dev.stamp ## Kill the server fifty times while it writes and see that nothing is lost
	$(BIN)/python -m pytest -q -s tests/durability --kills 50

peers: $(VENV)-peers/stamp ## Install what the benchmarks measure against, apart from everything else

$(VENV)-peers/stamp: requirements/peers.txt
	$(PYTHON) -m venv $(VENV)-peers
	$(VENV)-peers/bin/python -m pip --disable-pip-version-check --quiet install --requirement $<
	touch $@

bench-apis: $(VENV)/dev.stamp $(VENV)-peers/stamp ## Measure start, memory and requests beside ministack and moto
	$(BIN)/python -m benchmarks.apis --peers $(VENV)-peers

$(VENV)-peers/node_modules: $(VENV)-peers/stamp
	npm install --silent --no-audit --no-fund --prefix $(VENV)-peers aedes@1.2.0 ws@8
	touch $@

bench-broker: $(VENV)/dev.stamp $(VENV)-peers/node_modules ## Measure the broker beside mosquitto, nats-server, amqtt and aedes
	$(BIN)/python -m benchmarks.broker --peers $(VENV)-peers --modules $(VENV)-peers

lock: ## Pin every dependency anew
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet uv
	$(COMPILE) --extra build --extra demo --output-file requirements/run.lock
	$(COMPILE) --extra build --extra demo --extra dev --output-file requirements/dev.lock
	rm -r $(VENV)-lock

fuzz: $(VENV)/dev.stamp ## Fuzz the policy parser and the broker, five minutes each (SECONDS=300)
	$(BIN)/python -m pip --disable-pip-version-check --quiet install 'atheris>=3,<4' || true
	$(BIN)/python -m fuzz.policy_parser --seconds $(or $(SECONDS),300)
	$(BIN)/python -m fuzz.mqtt_decoder --seconds $(or $(SECONDS),300)

soak: $(VENV)/dev.stamp ## Soak the broker: 5,000 connections that come and go for ten minutes
	$(BIN)/python -m benchmarks.broker.soak

clean: ## Remove what was built
	rm -rf $(VENV) $(VENV)-peers build dist tests/interop/javascript/node_modules
