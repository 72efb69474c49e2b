# `make` lists what there is. Everything that is made lies in .venv*, .aws-sam, .build and .local.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help

PYTHON = .venv/bin/python
ENVIRONMENTS = .venv/.made .venv-emulator/.made
LOCK = .venv/bin/uv --system-certs pip compile --quiet --generate-hashes --no-annotate --no-emit-index-url --no-header \
	--python-version 3.13 --python-platform x86_64-manylinux_2_28
TESTS ?= tests
JOBS ?= 2

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export SAM_CLI_TELEMETRY = 0
export DO_NOT_TRACK = 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Nothing here speaks to AWS, so nothing of the user's AWS is let in.
export AWS_EC2_METADATA_DISABLED = true
export AWS_CONFIG_FILE = /dev/null
export AWS_SHARED_CREDENTIALS_FILE = /dev/null
# Python keeps what it has compiled: the tests start hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE
unexport AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_ENDPOINT_URL

.PHONY: help
help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

.PHONY: run
run: $(ENVIRONMENTS) ## start everything on this machine, and follow the logs (RESET=1: start anew; DEMO=0: without demo data)
	@exec $(PYTHON) -m local run $(if $(RESET),--reset) $(if $(filter 0,$(DEMO)),--empty)

.PHONY: stop
stop: .venv/.made ## end a running `make run`
	@$(PYTHON) -m local stop

.PHONY: build
build: .venv/.made ## sam build, when something has changed
	@$(PYTHON) -m local build

.PHONY: invoke
invoke: .venv/.made ## one function in a container, beside a running stack (FUNCTION=InboundWebhook EVENT=events/...)
	@$(PYTHON) -m local build >/dev/null
	@$(PYTHON) -m local invoke $(FUNCTION) $(EVENT)

define need-node
@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null \
	|| { echo "The web app needs Node 20 or newer: put node and npm on the PATH." >&2; exit 1; }
endef

web/node_modules/.package-lock.json: web/package-lock.json
	$(need-node)
	cd web && npm ci --no-audit --no-fund --ignore-scripts
	@touch $@

.PHONY: web
web: .venv/.made web/node_modules/.package-lock.json ## the web app's own style, types and tests
	@cd web && npm run --silent lint && npm run --silent typecheck && npm run --silent openapi:check && npm run --silent test

.PHONY: test
test: $(ENVIRONMENTS) web/node_modules/.package-lock.json ## everything that must hold: style, types, the template, all tests (TESTS=... for some, JOBS=... at a time)
	@$(call side-by-side,$(CHECKS) build)
	@$(PYTHON) -m pytest --numprocesses $(JOBS) --dist loadscope --no-loadscope-reorder $(TESTS)

.PHONY: reliability
reliability: $(ENVIRONMENTS) ## faults at every boundary, counted: hours (MINUTES=... MESSAGES=... JOBS=...), or one again (CASE=... SEED=...), or in real time (PART=kills, PART=load); PART=random runs that alone
	@$(PYTHON) -m bench.reliability $(if $(PART),--part $(PART) $(if $(SECONDS),--seconds $(SECONDS))) \
		$(if $(CASE),--case '$(CASE)') $(if $(SEED),--seed $(SEED)) $(if $(TEXTS),--texts $(TEXTS)) \
		$(if $(MESSAGES),--messages $(MESSAGES)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(FIRST),--first $(FIRST)) $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(OUTAGE),--outage $(OUTAGE)) \
		$(if $(filter kills load,$(PART)),,$(if $(filter-out file,$(origin JOBS)),--jobs $(JOBS))) --write

.PHONY: bench
bench: $(ENVIRONMENTS) .venv-bench/.made ## how fast and how cheap, beside the alternatives: docs/benchmarks (ROWS=cold,sending for some; GROWTH=full: a million)
	@$(PYTHON) -m bench $(if $(ROWS),--rows $(ROWS)) $(if $(GROWTH),--growth $(GROWTH))

CHECKS = lint-types lint-rest web
# What one of them prints is held back until it has ended, where make can.
side-by-side = $(MAKE) --jobs 4 $(if $(filter output-sync,$(.FEATURES)),--output-sync) $(1)

.PHONY: lint $(CHECKS)
lint: .venv/.made ## style, types, the template, and the web app's own
	@$(call side-by-side,$(CHECKS))

lint-types: .venv/.made
	mypy layers/common/textension functions cli local tests bench

lint-rest: .venv/.made
	ruff check .
	ruff format --check .
	sam validate --lint --config-env default

.PHONY: format
format: .venv/.made ## put the code into its style
	ruff check --fix .
	ruff format .

.PHONY: lock
lock: .venv/.made ## choose the newest versions of all dependencies again
	$(LOCK) --upgrade requirements-dev.in layers/common/requirements.in layers/push/requirements.in \
		--output-file requirements-dev.txt
	for layer in common push; do $(LOCK) layers/$$layer/requirements.in --constraints requirements-dev.txt \
		--output-file layers/$$layer/requirements.txt; done
	$(LOCK) --upgrade local/requirements-emulator.in --output-file local/requirements-emulator.txt
	$(LOCK) --upgrade bench/requirements.in --output-file bench/requirements.txt

.PHONY: clean
clean: ## remove everything that was made, the local stack's data too
	@if [ -x $(PYTHON) ]; then $(PYTHON) -m local stop; fi
	rm -rf .venv .venv-emulator .venv-bench .aws-sam .build .local .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment is made by uv, which is many times faster, or by pip where uv cannot reach what pip is set up for.
define make-environment
python=$$(local/find-python.sh); \
echo "Making $(1) with $$python …"; \
rm -rf $(1); \
"$$python" -m venv $(1); \
mkdir -p .build; \
awk '/^[^ ]/ { keep = /^uv==/ } keep' requirements-dev.txt > .build/uv.txt; \
if [ ! -x .venv/bin/uv ]; then .venv/bin/pip install --quiet --require-hashes --requirement .build/uv.txt; fi; \
.venv/bin/uv --system-certs pip install --quiet --python $(1)/bin/python --require-hashes --requirement $(2) \
	2> .build/uv.log || $(1)/bin/pip install --quiet --require-hashes --requirement $(2)
endef

.venv/.made: requirements-dev.txt
	@$(call make-environment,.venv,requirements-dev.txt)
	@printf '%s\n' '$(CURDIR)/layers/common' '$(CURDIR)/cli' \
		> "$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/textension-sources.pth"
	@.venv/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv-emulator/.made: local/requirements-emulator.txt | .venv/.made
	@$(call make-environment,.venv-emulator,local/requirements-emulator.txt)
	@touch $@

.venv-bench/.made: bench/requirements.txt | .venv/.made
	@$(call make-environment,.venv-bench,bench/requirements.txt)
	@touch $@
