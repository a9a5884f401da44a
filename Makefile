# Everything a newcomer needs, in a fresh clone, with Python 3.11 to 3.13, git and make.
# What is installed goes into .venv; stamp files there make a second run fast.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check lint docs picture bench soak system clean

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps

# Which optional parts `make test` installs, and so can test: `make test HEADRACE_EXTRAS=plots,demo` leaves Spark out.
HEADRACE_EXTRAS ?= spark,delta,iceberg,formats,xgboost,lightgbm,kafka,plots,demo,gcs,postgresql,aws,keyring,duckdb
# How many processes run tests. Two share two cores; with the Spark extra each may start a JVM of 1 GB.
HEADRACE_WORKERS ?= 2

empty :=
comma := ,
EXTRAS_NAME := $(subst $(comma),-,$(subst $(empty) $(empty),,$(HEADRACE_EXTRAS)))
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(STAMPS)/demo ## tell the whole story on real data: two models, a gate, a promotion
	@$(BIN)/headrace demo

test: $(STAMPS)/test-$(EXTRAS_NAME) ## run the tests, and list what did not run and why
	$(BIN)/pytest -n $(HEADRACE_WORKERS) --dist loadgroup -p no:cacheprovider

check: lint docs ## lint, types, architecture contracts, documentation

lint: $(STAMPS)/test-$(EXTRAS_NAME)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMPS)/docs ## build the documentation into build/site; a dead link fails
	$(BIN)/python docs/generate.py build
	$(BIN)/zensical build --strict --clean --config-file build/mkdocs.yml

picture: $(STAMPS)/demo ## run the demo and draw anew what README.md and the docs show of it
	$(BIN)/python docs/picture.py

bench: $(STAMPS)/bench ## measure side by side and write bench/RESULTS.md
	$(BIN)/python bench

soak: $(STAMPS)/test-$(EXTRAS_NAME) ## run the long tests: crashes and races, over and over
	$(BIN)/pytest -m soak -p no:cacheprovider

system: ## install what only the system can give: Java, npm, Maven (Debian and Ubuntu)
	@bash tools/system.sh

clean: ## remove what the other targets made, .venv included
	rm -rf $(VENV) build

$(BIN)/python:
	@bash tools/make_venv.sh $(VENV)

# Dependency groups came with pip 25.1.
$(STAMPS)/pip: | $(BIN)/python
	@$(PIP) install --upgrade 'pip>=25.1'
	@mkdir -p $(STAMPS) && touch $@

# The demo needs no test tools and no JVM: a newcomer waits for the small install only.
$(STAMPS)/demo: pyproject.toml | $(STAMPS)/pip
	@echo "Installing Headrace into $(VENV)"
	@$(PIP) install --editable '.[demo,plots]'
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/test-$(EXTRAS_NAME): pyproject.toml | $(STAMPS)/pip
	@echo "Installing Headrace with $(HEADRACE_EXTRAS) and the tools that test it into $(VENV)"
	@rm -f $(STAMPS)/test-*
	@$(PIP) install --editable '.[$(HEADRACE_EXTRAS)]' --group dev
	@bash tools/fit_spark.sh $(BIN)/python '$(HEADRACE_EXTRAS)'
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/docs: pyproject.toml | $(STAMPS)/pip
	@echo "Installing Headrace and the documentation tools into $(VENV)"
	@$(PIP) install --editable . --group docs
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/bench: pyproject.toml | $(STAMPS)/pip
	@echo "Installing Headrace and what it is measured against into $(VENV)"
	@$(PIP) install --editable '.[spark,kafka,delta,demo,plots]' --group bench
	@mkdir -p $(STAMPS) && touch $@
