# Everything is done in a virtual environment of the checkout's own; `make help` lists what there is.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SCENARIO ?= scenarios/shop.yaml
RUN_OPTIONS ?=
BASE ?= main
HEAD ?= .
COMPARE_OPTIONS ?=
.DEFAULT_GOAL := help

.PHONY: help setup perf perf-compare test fuzz smoke check bench golden docs demo clean

help:  ## List the targets.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

# A set-up is named after what it installs, so that a changed pin or extra sets up again and nothing else does.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("perfkit needs Python 3.11 or newer; this is " + sys.version.split()[0] + " (make PYTHON=python3.12)" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.set-up-demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[demo]'
	@touch $@

$(VENV)/.set-up-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.set-up-demo

setup: $(VENV)/.set-up-demo  ## Make the virtual environment and install perfkit with its demo.

perf: $(VENV)/.set-up-demo  ## Run a scenario and report: make perf SCENARIO=path
	$(BIN)/perfkit run $(SCENARIO) $(RUN_OPTIONS)

perf-compare: $(VENV)/.set-up-demo  ## Compare the working tree with a revision: make perf-compare BASE=main
	$(BIN)/perfkit compare $(BASE) $(HEAD) --scenario $(SCENARIO) $(COMPARE_OPTIONS)

test: $(VENV)/.set-up-dev  ## The fast tests: no servers, no network.
	$(BIN)/python -m pytest -q --ignore tests/smoke -n 2

fuzz: $(VENV)/.set-up-dev  ## The tests with drawn examples, with thousands of new ones.
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -q --timeout 1800 tests/report tests/scenario

smoke: $(VENV)/.set-up-dev  ## The tests with real servers, databases, profilers and a browser.
	tests/smoke/install-programs
	$(BIN)/python -m pytest -q tests/smoke -m together -n 3 --dist loadfile --no-loadscope-reorder --durations=15
	$(BIN)/python -m pytest -q tests/smoke -m alone --durations=15

check: $(VENV)/.set-up-dev  ## Format, lint, types, import contracts.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: $(VENV)/.set-up-dev  ## What perfkit itself costs, how true it is, and how fast it judges.
	$(BIN)/python -m bench.probe_cost
	$(BIN)/python -m bench.analysis_speed
	$(BIN)/python -m bench.generator_cost
	$(BIN)/python -m bench.known_truth
	$(BIN)/python -m bench.nothing_lost
	$(BIN)/python -m bench.memory
	$(BIN)/python -m bench.verdict_rates
	$(BIN)/python -m bench.change_points
	$(BIN)/python -m bench.capacity.simulated

golden: $(VENV)/.set-up-dev  ## Write the golden files anew; read the diff.
	PERFKIT_GOLDEN=write $(BIN)/python -m pytest -q tests/golden

docs: $(VENV)/.set-up-dev  ## Write docs/rules.md anew from the rules' own pages.
	$(BIN)/python -m docs.generate

demo: perf  ## The same as perf.

clean:  ## Remove the virtual environment and caches; reports stay.
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
