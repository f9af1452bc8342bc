# Bare `make` lists the commands.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check sim powercut chaos bench fuzz requirements documents pictures clean

# The first Python that runs and is new enough; a name on the PATH alone proves nothing.
PYTHON := $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
BIN := .venv/bin

help: ## list these commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: .venv/ready ## make .venv with the `pusterom` command (pinned, hashed)

.venv/ready: pyproject.toml requirements/run.txt
	@test -n "$(PYTHON)" || { echo "Pusterom needs Python 3.11 or newer; install it and run make again."; exit 69; }
	@"$(PYTHON)" -m venv .venv \
	  || { echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 69; }
	@echo "Setting up .venv (once, a minute or so) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## the whole line on this machine: virtual room, hub, broker, ward, and a story
	@$(BIN)/pusterom demo $(ARGS)

test: .venv/test-ready ## everything that must hold; installs what it needs where it may
	@$(BIN)/python tests/run.py

check: .venv/test-ready ## the quick part: format, lint, types, house plan
	@$(BIN)/python tests/run.py --check

sim: .venv/test-ready ## live through hard weeks: make sim SEED=100 LIVES=50
	@$(BIN)/python -m simulators.simulation --seed $(or $(SEED),1) --lives $(or $(LIVES),20) $(ARGS)

powercut: .venv/test-ready ## cut the power of a real disk (root, FUSE): make powercut POINTS=1200 SEED=1 SCENARIO=commit
	@$(BIN)/python -m tests.powercut --points $(or $(POINTS),1200) --seed $(or $(SEED),1) \
	  $(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(AGAIN),--again $(AGAIN)) $(if $(POINT),--point $(POINT))

bench: .venv/test-ready ## what it costs, held against the barest way: make bench ROW=wire, or all into docs/bench.md
	@$(BIN)/python -m tests.bench $(if $(ROW),--row $(ROW))

chaos: .venv/test-ready ## kill, cut and mislead real processes, then count: make chaos SEED=7 MINUTES=10
	@$(BIN)/python -m tests.processes.chaos --seed $(or $(SEED),1) --minutes $(or $(MINUTES),5)

fuzz: .venv/fuzz-ready ## feed drivers any bytes: make fuzz FUZZ_S=600 DRIVER=weight_scale
	@$(BIN)/python -m tests.fuzz $(or $(DRIVER),all) -max_total_time=$(or $(FUZZ_S),60) -print_final_stats=1

documents: setup ## write docs/openapi.json and docs/asyncapi.json from the program
	@$(BIN)/python -m cloud_bridge.backend.api_documents docs

pictures: .venv/test-ready ## take the README's pictures anew (needs Chromium)
	@$(BIN)/python -m tests.browser.readme_pictures

.venv/test-ready: .venv/ready requirements/test.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@

.venv/fuzz-ready: .venv/test-ready requirements/fuzz.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	@touch $@

UV := $(BIN)/python -m uv pip compile --universal --python-version 3.11 --generate-hashes --quiet \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate pyproject.toml \
	--extra setup --extra ward --extra simulators

requirements: ## pin and hash anew after a change of pyproject.toml
	@$(BIN)/python -m pip install --quiet uv
	@$(UV) -o requirements/run.txt && $(UV) --extra test -o requirements/test.txt \
	  && $(UV) --extra test --extra fuzz -o requirements/fuzz.txt

clean: ## remove .venv and what tests left behind
	@rm -rf .venv .mypy_cache .ruff_cache .hypothesis build *.egg-info var
