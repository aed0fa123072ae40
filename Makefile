# Every command of the project. Only Python 3.11 or newer and make are needed; the rest installs itself.
# The first of these that runs and is new enough; 3.12 and 3.11 first, because all wheels exist for them.
PYTHON ?= $(shell for each in python3.12 python3.11 python3 python3.13 python3.14; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$each && break; done || true)
PY := .venv/bin/python
export PYTHONUNBUFFERED = 1

.PHONY: python run test check bench soak lock format
.DEFAULT_GOAL := run

python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none is on PATH."; \
		echo "  mend it: PYTHON=/path/to/python3.11 make $(MAKECMDGOALS)"; exit 1; }

run: python
	@$(PYTHON) foundry/local/bootstrap.py requirements.txt
	@exec $(PY) manage.py up

dev: python
	@$(PYTHON) foundry/local/bootstrap.py requirements-dev.txt

test: dev  ## everything, from nothing, also in a real browser
	@$(PY) -m tests.tools.prepare
	@$(PY) -m pytest -n 2 --dist loadgroup

check: dev  ## format, lint, types, import contracts, fast tests: under three minutes
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports
	@$(PY) -m pytest -n 2 --dist loadgroup -m "not slow and not browser"

bench: dev  ## ratios against something measured in the same run; writes var/bench.json
	@$(PY) -m tests.bench

soak: dev  ## the figures that CI has no time for, or PART of them; writes var/soak.json
	@$(PY) -m tests.soak $(PART)

format: dev
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

lock:  ## pin every requirement with every hash
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q requirements.in -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q requirements-dev.in -o requirements-dev.txt
	for set in host callers; do (cd tests/foreign/$$set && \
		uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q requirements.in -o requirements.txt && \
		npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund); done
