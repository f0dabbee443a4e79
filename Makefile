# `make` alone prints the commands. Hooks and CI call only these.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV   ?= .venv
CONFIG ?= configs/model_config.yaml
IMAGE  ?= house-price-model:local
PORT   ?= 8000
BUNDLE ?= models/bundle
BIN    := $(VENV)/bin
# The newest days of the registries are left out of the lock: most poisoned releases are found within a week.
COOLDOWN ?= 7 days
# Compiled modules are kept between processes, whatever the caller's environment says: to compile takes longer than to run.
unexport PYTHONDONTWRITEBYTECODE
# Tests run two at a time: a product of matrices that takes two threads then waits for the other one's core.
test test-long test-deploy: export OPENBLAS_NUM_THREADS := 1
fast   := not image and not workflow and not long and not oracles and not ray
# Files with tests of a kind: to import the others takes half a minute. The tests of the page run by themselves: while
# Playwright drives a browser, no other event loop can run in its process.
marked  = $$(grep --recursive --files-with-matches --include='*.py' 'pytest\.mark\.$(1)\b' $(2) | grep -v '^tests/page/' | sort)

.PHONY: help
help: ## list the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: $(VENV)/.learning ## a virtual environment with the locked requirements
$(VENV)/.learning: requirements.txt pyproject.toml scripts/install
	@scripts/install $(VENV) requirements.txt
	@touch $@
$(VENV)/.dev: requirements/dev.txt $(VENV)/.learning
	@scripts/install $(VENV) requirements/dev.txt
	@touch $@

.venv-oracles/.oracles: requirements/oracles.txt
	@scripts/install .venv-oracles requirements/oracles.txt alone
	@touch $@

.venv-ray/.ray: requirements/ray.txt scripts/install
	@scripts/install .venv-ray requirements/ray.txt
	@touch $@

.venv-audit/.audit: requirements/audit.txt
	@scripts/install .venv-audit requirements/audit.txt alone
	@touch $@

# The page is built once for all who serve from this checkout, or build a wheel of it; the Dockerfile builds its own.
PAGE := src/houseprice/serving/page/built/index.html
.PHONY: page
page: $(PAGE) ## build the page at /, with the locked Node.js
$(PAGE): requirements/page.txt scripts/page $(shell find page -name node_modules -prune -o -type f ! -path page/src/api/types.ts -print)
	@scripts/page build

.PHONY: run
run: install ## the whole pipeline: raw CSV to model bundle, with MLflow in embedded SQLite
	@$(BIN)/houseprice run --config $(CONFIG)

.PHONY: examples
examples: install ## files of sales to try the project with, into data/examples
	@$(BIN)/python examples data/examples

# Where the page cannot be built, the API is served without it: `/` leads to the documentation then.
.PHONY: serve
serve: install ## serve the page and the API of the model bundle on port 8000
	@$(MAKE) --question page >/dev/null 2>&1 || { \
	  echo "serve: building the page first, which takes about a minute once" >&2; \
	  PIP_RETRIES=0 UV_HTTP_RETRIES=0 npm_config_fetch_retries=0 $(MAKE) --no-print-directory page >/dev/null 2>&1 \
	    || echo "serve: the page could not be built, so / leads to /docs; \`make page\` says why." >&2; }
	@$(BIN)/houseprice serve --bundle $(BUNDLE) --port $(PORT)

.PHONY: doctor
doctor: install ## report what is missing before the first run
	@$(BIN)/houseprice doctor --config $(CONFIG)

.PHONY: image
image: install ## build the image of the model bundle, on the locked base image or its stand-in
	@PYTHON_IMAGE="$${PYTHON_IMAGE:-$$(docker version >/dev/null 2>&1 && scripts/docker-engine || true)}" $(BIN)/houseprice image build --bundle $(BUNDLE) --models-dir $(dir $(BUNDLE)) --tag $(IMAGE)

.PHONY: smoke
smoke: install ## start the image, test it, remove it
	@$(BIN)/houseprice image test --bundle $(BUNDLE) $(IMAGE)

.PHONY: tools
tools: ## install the programs that the tests need (as root, on Debian or Ubuntu)
	@scripts/test-tools

.PHONY: test
test: $(VENV)/.dev .venv-audit/.audit ## fast tests that need no Docker engine, under two minutes
	@scripts/page test
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "$(fast)" --ignore=tests/page
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "$(fast)" tests/page

.PHONY: page-openapi
page-openapi: $(VENV)/.dev ## write page/openapi.json, from which the page's types are made, after a change of the API
	@UPDATE_OPENAPI=1 $(BIN)/python -m pytest -q tests/serving/page/test_openapi_document.py -k current

.PHONY: corpus
corpus: $(VENV)/.dev ## table of the corpus: what `houseprice init` makes of files as people have them
	@$(BIN)/python tests/corpus/run.py

.PHONY: test-long
test-long: $(VENV)/.dev .venv-audit/.audit ## tests that take many seconds each
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "long and not image" $(call marked,long,tests)
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "long and not image" tests/page

.PHONY: test-oracles
test-oracles: $(VENV)/.dev .venv-oracles/.oracles ## tests against independent implementations: the kserve client, shap
	@$(BIN)/python -m pytest -m oracles $(call marked,oracles,tests)

.PHONY: test-ray
test-ray: $(VENV)/.dev .venv-ray/.ray ## tests of `--engine ray`, on a cluster of two nodes on this machine
	@$(BIN)/python -m pytest -m ray $(call marked,ray,tests/on_ray)

.PHONY: test-image
test-image: $(VENV)/.dev ## build, run and test the real image; needs a Docker engine
	@$(BIN)/python -m pytest -m image $(call marked,image,--exclude-dir=deploy tests) # some judge times, so nothing runs beside them

.PHONY: test-deploy
test-deploy: $(VENV)/.dev ## deploy real images under load, with faults; needs a Docker engine
	@$(BIN)/python -m pytest -m image --numprocesses 2 --dist loadfile $(call marked,image,tests/deploy)

.PHONY: workflow-test
workflow-test: $(VENV)/.dev ## run the real workflow files with act, passing and failing
	@tests/workflow/run

.PHONY: audit
audit: ## known vulnerabilities of the image's libraries, into models/audit.json
	@scripts/audit models/audit.json

.PHONY: bench-serving
bench-serving: install ## serving benchmark against its lower bound and peers; exit 1 when a must is missed
	@$(BIN)/python bench/serving.py $(BENCH)

.PHONY: soak
soak: $(VENV)/.dev ## long tests of the API, memory growth over a million requests, mutated requests, attacks
	@$(BIN)/python -m pytest -m long tests/serving
	@$(BIN)/python bench/serving.py --only memory
	@$(BIN)/python bench/mutations.py
	@$(BIN)/python bench/limits.py

.PHONY: lint
lint: $(VENV)/.dev ## style, types, import contract, page, workflows, Dockerfile, scripts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@scripts/page lint
	@$(BIN)/actionlint
	@$(BIN)/zizmor --offline --persona=auditor --quiet .github
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/shellcheck $(filter-out scripts/finish-sbom scripts/mlflow-history,$(wildcard scripts/*)) tests/workflow/run .ci/run

.PHONY: check
check: lint test ## lint and test

.PHONY: format
format: $(VENV)/.dev ## format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: lock
lock: ## compile the requirement locks from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header \
	  --exclude-newer "$(COOLDOWN)" pyproject.toml --extra learning --output-file requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header \
	  --exclude-newer "$(COOLDOWN)" --constraints requirements.txt pyproject.toml --output-file requirements/serving.txt
	uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header \
	  --exclude-newer "$(COOLDOWN)" --constraints requirements.txt --group dev --output-file requirements/dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header \
	  --exclude-newer "$(COOLDOWN)" --constraints requirements.txt --group deployment --output-file requirements/deployment.txt
	uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header \
	  --exclude-newer "$(COOLDOWN)" --group oracles --output-file requirements/oracles.txt
	uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header \
	  --exclude-newer "$(COOLDOWN)" --constraints requirements.txt pyproject.toml --extra ray --extra learning \
	  --output-file requirements/ray.txt
	uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header \
	  --exclude-newer "$(COOLDOWN)" --group audit --output-file requirements/audit.txt
	uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header \
	  --exclude-newer "$(COOLDOWN)" --group sbom --output-file requirements/sbom.txt
	uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header \
	  --exclude-newer "$(COOLDOWN)" --group page --output-file requirements/page.txt
	uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header \
	  --exclude-newer "$(COOLDOWN)" --group installer --output-file requirements/installer.txt
	uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header \
	  --exclude-newer "$(COOLDOWN)" --constraints requirements.txt --group bench --output-file requirements/bench.txt

.PHONY: clean
clean: ## remove what the pipeline wrote; the virtual environment and MLflow's history stay
	rm -rf data/processed models reports
