# Requires make, Python >= 3.11 and PyPI. Everything is installed inside this folder.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.version_info >= (3, 11) and print(sys.executable)' 2>/dev/null | grep . && break; \
	done)

UV := .tools/bin/uv
BIN := .venv/bin
# Without the credentials of .env, which no installation needs.
MELTANO_INSTALL := .tools/meltano/bin/meltano --log-level=warning --env-file=/dev/null install
# Some loaders run on Python 3.11 and older only.
LOADERS := moto tables target-csv target-jsonl target-postgres target-snowflake $(shell $(PYTHON) -c \
	'import sys; sys.version_info < (3, 12) and print("target-bigquery target-clickhouse target-mssql")' 2>/dev/null)

export UV_CACHE_DIR := $(CURDIR)/.cache/uv
export UV_TOOL_DIR := $(CURDIR)/.cache/tools
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
# TLS-inspecting proxies have their certificate in the system's store.
export UV_SYSTEM_CERTS ?= true
export MELTANO_CLI_DISABLE_VERSION_CHECK := true
export XDG_STATE_HOME := $(CURDIR)/.cache/state
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport VIRTUAL_ENV
# Container images set it, and then each start of the tap compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

.PHONY: install
install: .venv/.installed ## Install the tap and its development tools

.PHONY: demo
demo: $(UV) ## Load a simulated school into CSV files with Meltano
	@$(MAKE) --no-print-directory --jobs=2 .tools/demo/.installed .meltano/.installed
	@.tools/demo/bin/python -m scripts.demo

.PHONY: meltano
meltano: .meltano/.loaders ## Install Meltano, the tap and the loaders of meltano.yml

.PHONY: test
test: .venv/.installed .tools/meltano/.installed .tools/dbt/.installed $(LOADERS:%=.tools/loaders/%/.installed) ## Run the tests
	$(BIN)/pytest -n auto --dist worksteal -m "not recipes and not soak" $(ARGS)

.PHONY: cover
cover: ARGS := --cov --cov-report=term $(ARGS)
cover: test ## Run the tests and measure their coverage, which takes a third longer

.PHONY: quick
quick: .venv/.installed ## Run the quick tests, in less than a minute
	$(BIN)/pytest -n auto --dist worksteal @tests/quick.txt $(ARGS)

.PHONY: soak
soak: .venv/.installed $(LOADERS:%=.tools/loaders/%/.installed) ## Run the long tests
	$(BIN)/pytest -m soak $(ARGS)
	$(BIN)/python -m scripts.reliability

# Results stay in mutants/, so that the next call goes on where this one ended.
MINUTES ?= 60
.PHONY: mutants
mutants: .tools/mutants/.installed ## Change the core on purpose and count the changes that tests notice (MINUTES=60)
	timeout --signal=INT $$(( $(MINUTES) * 60 )) .tools/mutants/bin/mutmut run $(ARGS) || test $$? = 124
	.tools/mutants/bin/mutmut export-cicd-stats
	cat mutants/mutmut-cicd-stats.json
	.tools/mutants/bin/mutmut results

.tools/mutants/.installed: pyproject.toml uv.lock | $(UV)
	UV_PROJECT_ENVIRONMENT=.tools/mutants $(UV) sync --quiet --locked --no-install-project --no-default-groups --group mutants --python '$(PYTHON)'
	$(UV) pip install --quiet --python .tools/mutants/bin/python --no-deps --no-build-isolation --editable .
	touch $@

.PHONY: recipes
recipes: .venv/.installed .tools/meltano/.installed .tools/dbt/.installed .tools/dbt-warehouses/.installed .tools/airflow/.installed .tools/dagster/.installed $(LOADERS:%=.tools/loaders/%/.installed) ## Test all recipes, including Airflow and Dagster
	$(BIN)/pytest -m recipes $(ARGS)

.tools/%/.installed: docs/recipes/%.txt $(UV)
	$(UV) venv --quiet --clear --python '$(PYTHON)' .tools/$*
	$(UV) pip install --quiet --require-hashes --python .tools/$*/bin/python --requirement $<
	touch $@

.PHONY: lint
lint: .venv/.installed .tools/dbt/.installed ## Check style, format, spelling, workflows and SQL
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/typos
	$(BIN)/lint-imports
	$(BIN)/zizmor --offline --quiet .github
	cd dbt && ALFACRM_DUCKDB_PATH=:memory: ../.tools/dbt/bin/sqlfluff lint --disable-progress-bar models tests

.PHONY: types
types: .venv/.installed ## Check the types
	$(BIN)/mypy

# The fixes need cryptography 41 or newer, which the old singer-sdk of these loaders does not allow.
OLD_LOADERS := loaders/target-bigquery.txt loaders/target-mssql.txt
UNFIXED := GHSA-3ww4-gg4f-jr7f GHSA-5cpq-8wj7-hf2v GHSA-6vqw-3v5j-54x4 GHSA-9v9h-cgj8-h64p GHSA-cf7p-gm2m-833m \
	GHSA-h4gh-qq45-vh27 GHSA-jfhm-5ghh-2f97 GHSA-jm77-qphf-c4w8 GHSA-r6ph-v2qm-q3c2 GHSA-v8gr-m533-ghj9

.PHONY: audit
audit: .tools/audit/.installed ## Check the locked dependencies for known vulnerabilities (online)
	mkdir -p .cache
	$(UV) export --quiet --locked --all-groups --no-group meltano --no-emit-project --output-file .cache/locked.txt
	$(UV) export --quiet --locked --only-group meltano --output-file .cache/meltano.txt
	failed=; for locked in .cache/locked.txt .cache/meltano.txt .ci/*.txt benchmarks/*.txt dbt/*.txt docs/recipes/*.txt loaders/*.txt; do \
		echo "$$locked:"; ignored=; \
		[[ ' $(OLD_LOADERS) ' != *" $$locked "* ]] || ignored='$(UNFIXED:%=--ignore-vuln %)'; \
		.tools/audit/bin/pip-audit --strict --progress-spinner off --disable-pip --require-hashes $$ignored -r $$locked \
			|| failed="$$failed $$locked"; \
	done; test -z "$$failed" || { echo "Vulnerable, or not audited:$$failed"; exit 1; }

.PHONY: licences
licences: .venv/.installed .tools/audit/.installed .tools/runtime/.installed ## List the licences of what users install in docs/licences.md
	$(BIN)/python -m scripts.licences

.PHONY: sbom
sbom: $(UV) ## Write what users install as CycloneDX into sbom/
	mkdir -p sbom
	$(UV) export --quiet --frozen --no-default-groups --format cyclonedx1.5 --output-file sbom/tap-alfacrm.cdx.json

.PHONY: check
check: lint types test ## Check style, types and tests

.PHONY: format
format: .venv/.installed ## Fix style and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

BENCHED := target-csv target-jsonl target-postgres
.PHONY: bench
bench: .venv/.installed .tools/bench/.installed $(BENCHED:%=.tools/loaders/%/.installed) ## Benchmark the tap and other ways to read an account
	$(BIN)/python -m benchmarks.run $(ARGS)

.tools/bench/.installed: benchmarks/requirements.txt $(UV)
	$(UV) venv --quiet --clear --python '$(PYTHON)' .tools/bench
	$(UV) pip install --quiet --require-hashes --python .tools/bench/bin/python -r benchmarks/requirements.txt
	touch $@

# The files list every dependency; target-clickhouse demands an older urllib3 than the one that is safe.
.tools/loaders/%/.installed: loaders/%.txt | $(UV)
	$(UV) venv --quiet --clear --python '$(PYTHON)' .tools/loaders/$*
	$(UV) pip install --quiet --require-hashes --no-deps --python .tools/loaders/$*/bin/python -r $<
	touch $@

.tools/dbt/.installed: dbt/requirements.txt | $(UV)
.tools/dbt-warehouses/.installed: dbt/warehouses.txt | $(UV)
.tools/dbt/.installed .tools/dbt-warehouses/.installed:
	$(UV) venv --quiet --clear --python '$(PYTHON)' $(@D)
	$(UV) pip install --quiet --require-hashes --python $(@D)/bin/python -r $<
	touch $@

.PHONY: build
build: $(UV) ## Build the wheel and the source archive into dist/
	rm -rf dist
	mkdir -p .cache
	$(UV) export --quiet --frozen --only-group build --output-file .cache/build.txt
	$(UV) build --quiet --preview-features build-dependency-hashes --build-constraints .cache/build.txt --require-build-hashes --python '$(PYTHON)'

.PHONY: package
package: build checkdist ## Build and check the distributions for PyPI

.PHONY: checkdist
checkdist: .venv/.installed
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl

.PHONY: testwheel
testwheel: build testdist ## Run the tests against the built wheel

# The tests run in a copy without the package, so that they import the wheel.
.PHONY: testdist
testdist: $(UV) .tools/dbt/.installed $(LOADERS:%=.tools/loaders/%/.installed)
	UV_PROJECT_ENVIRONMENT=.tools/wheel $(UV) sync --quiet --locked --no-install-project --python '$(PYTHON)'
	$(UV) pip install --quiet --python .tools/wheel/bin/python --no-deps --reinstall dist/*.whl
	rm -rf .cache/wheel && mkdir -p .cache/wheel
	git ls-files -z ':!tap_alfacrm' | tar --create --null --files-from=- | tar --extract --directory .cache/wheel
	ln -s ../../.tools .cache/wheel/.tools
	cd .cache/wheel && .tools/wheel/bin/pytest -n auto --dist worksteal -m "not recipes and not soak" --ignore=tests/publishing $(ARGS)

.PHONY: answers
answers: .venv/.installed .tools/loaders/target-jsonl/.installed ## Write the results and charts of the example queries
	$(BIN)/python -m scripts.answers

.PHONY: models
models: .venv/.installed .tools/dbt/.installed .tools/loaders/target-jsonl/.installed ## Build the dbt models over the demo account
	$(BIN)/python -m scripts.models

.PHONY: report
report: .venv/.installed .tools/dbt/.installed .tools/loaders/target-jsonl/.installed ## Write a page of charts over the demo account
	$(BIN)/python -m scripts.report

.PHONY: docs
docs: .venv/.installed .tools/dbt/.installed ## Build the documentation into site/ and check its links
	$(BIN)/mkdocs build --strict
	ALFACRM_DBT_TARGET=duckdb ALFACRM_DUCKDB_PATH=:memory: .tools/dbt/bin/dbt --quiet docs generate \
		--static --empty-catalog --vars '{alfacrm_look: false}' --project-dir dbt \
		--profiles-dir dbt --target-path $(CURDIR)/.cache/dbt-docs --log-path $(CURDIR)/.cache/dbt-docs
	cp .cache/dbt-docs/static_index.html site/dbt.html

.PHONY: clean
clean: ## Remove everything installed, built or cached
	rm -rf .cache .meltano .tools .venv dist htmlcov mutants output sbom site .coverage .coverage.* \
		.hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(UV):
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python3'; exit 1; }
	'$(PYTHON)' -m venv .tools
	.tools/bin/python -m pip install --quiet --require-hashes --requirement .ci/uv.txt

# With the build backend of the lock file, which a build of its own would take from PyPI unchecked.
.venv/.installed: pyproject.toml uv.lock | $(UV)
	$(UV) sync --quiet --locked --no-install-project --python '$(PYTHON)'
	$(UV) pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
	touch $@

.tools/audit/.installed: pyproject.toml uv.lock | $(UV)
	UV_PROJECT_ENVIRONMENT=.tools/audit $(UV) sync --quiet --locked --only-group audit --python '$(PYTHON)'
	touch $@

.tools/runtime/.installed: pyproject.toml uv.lock | $(UV)
	UV_PROJECT_ENVIRONMENT=.tools/runtime $(UV) sync --quiet --locked --no-default-groups --no-install-project --python '$(PYTHON)'
	touch $@

# Without the development tools, which take longer to install than the demo takes.
.tools/demo/.installed: pyproject.toml uv.lock | $(UV)
	UV_PROJECT_ENVIRONMENT=.tools/demo $(UV) sync --quiet --locked --no-default-groups --group demo --python '$(PYTHON)'
	touch $@

.tools/meltano/.installed: pyproject.toml uv.lock | $(UV)
	UV_PROJECT_ENVIRONMENT=.tools/meltano $(UV) sync --quiet --locked --only-group meltano --python '$(PYTHON)'
	touch $@

.meltano/.installed: meltano.yml .tools/meltano/.installed
	$(MELTANO_INSTALL) tap-alfacrm target-csv
	touch $@

.meltano/.loaders: .meltano/.installed
	$(MELTANO_INSTALL) $(LOADERS)
	touch $@
