# Two commands do all the set-up: `make demo` runs the main job on this machine, `make test` runs every test.
.DEFAULT_GOAL := help
.PHONY: help demo test unit e2e lint types pr bench schema golden constraints setup down clean

PYTHON ?= python3
# The agent in the demo's clusters: flux or argocd. Without one: what the fleet has, else flux.
ENGINE ?=
# What `make pr` compares with: the branch that the pull request is to be merged into.
BASE ?= origin/main
BIN := .venv/bin

help: ## List what there is to make
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: setup ## The main job on this machine: three clusters, their agents, every tenant in sync (ENGINE=argocd: with Argo CD)
	@$(BIN)/berth local demo $(if $(ENGINE),--engine $(ENGINE))

test: unit e2e ## Every test: unit, golden, components, and end to end on the local fleet

unit: setup ## The tests that need no fleet, on every core
	$(BIN)/pytest -m 'not e2e' --numprocesses logical

e2e: setup ## The tests on the local fleet
	$(BIN)/pytest -m e2e

lint: setup $(BIN)/actionlint ## Ruff, the scripts, the workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/shellcheck .ci/run scripts/*.sh scripts/*/*.sh
	$(BIN)/actionlint -shellcheck $(BIN)/shellcheck -pyflakes ''
	$(BIN)/zizmor --offline --no-progress --persona=auditor .github

types: setup ## Strict mypy
	$(BIN)/mypy

pr: setup ## What a pull request runs: validate, and plan against BASE (origin/main); reports in out/plan
	@scripts/ci/plan.sh '$(BASE)'

bench: setup ## Measure, and write docs/benchmarks.md
	$(BIN)/python -m bench

schema: setup ## Write the JSON schemas from the models
	$(BIN)/berth schema

golden: setup ## Rewrite the golden files; then read the diff
	$(BIN)/pytest tests/golden --update-golden

constraints: setup ## Renew constraints.txt from what is installed
	@$(BIN)/python scripts/constraints.py

down: ## Stop the local fleet
	@test ! -x $(BIN)/berth || $(BIN)/berth local down

clean: down ## Remove the environment and the fleet's state; what was built stays in the user's cache
	rm -rf .venv .local out

setup: # Quick when nothing changed
	@PYTHON='$(PYTHON)' scripts/setup.sh

$(BIN)/actionlint: scripts/actionlint/go.mod scripts/actionlint/go.sum | setup
	scripts/actionlint/build.sh
