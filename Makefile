# The tasks of a contributor; `make` alone lists them. All of them but setup need .venv (make setup).
# Why make: docs/decisions/0008-tasks-and-hooks.md.
.DEFAULT_GOAL := help
bin := .venv/bin
# What `make quick` runs: a file, a folder, or one test as file::test.
T ?= gmail_ingest_tests/core/test_fates.py
SEED ?= 1

# A page that a command prints; it is written only if the command succeeds.
written = $(2) > $(1).new && mv $(1).new $(1) || { rm -f $(1).new; exit 1; }

.PHONY: help
help: ## lists the tasks
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## /\1	/p' $(MAKEFILE_LIST) | expand -t 12

.PHONY: setup
setup: ## makes .venv with all that the tests need
	sh setup.sh test

.PHONY: hooks
hooks: ## lets git check each commit before it is made
	$(bin)/pre-commit install

.PHONY: quick
quick: ## runs one test file in a few seconds (T=FILE, or T=FILE::TEST)
	$(bin)/pytest -q $(T)

.PHONY: test
test: ## runs all tests, on one process more than there are cores
	$(bin)/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: lint
lint: ## looks for what Ruff and import-linter find, and changes nothing
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/lint-imports

.PHONY: format
format: ## formats the code, and mends what Ruff can mend
	$(bin)/ruff check --fix .
	$(bin)/ruff format .

.PHONY: types
types: ## checks the types (mypy, strict)
	$(bin)/mypy

.PHONY: defs
# The checkout's dagster.yaml switches Dagster's telemetry off.
defs: export DAGSTER_HOME := $(CURDIR)
defs: ## lets Dagster check its definitions, and lists them
	$(bin)/dg check defs
	$(bin)/dg list defs

.PHONY: docs
docs: ## writes the pages anew that a command prints
	$(call written,docs/edge-cases.md,$(bin)/python -m gmail_ingest_tests.edge_cases)
	$(call written,docs/configuration.md,$(bin)/gmail-ingest settings)
	$(call written,.env.example,$(bin)/gmail-ingest settings --format env)

.PHONY: demo
demo: ## shows the service on this machine until Ctrl-C
	$(bin)/gmail-ingest demo

.PHONY: rehearse
rehearse: ## breaks what can break, and compares every mail (SEED=1)
	$(bin)/gmail-ingest rehearse --seed $(SEED) --minutes 0.3 --messages 300

.PHONY: check
check: ## runs what continuous integration runs
	sh .ci/run

.PHONY: nightly
nightly: ## runs what takes too long for every change
	sh .ci/nightly

.PHONY: lock
lock: ## renews both locks from pyproject.toml (needs uv)
	sh lock.sh
