# Every command of the project. Only Python 3.11 or newer and make are needed; the rest installs itself.
PYTHON ?= $(shell command -v python3.12 || command -v python3.11 || command -v python3)
PY := .venv/bin/python
export PYTHONUNBUFFERED = 1

.PHONY: run test check bench bench-large soak lock format
.DEFAULT_GOAL := run

run:
	@$(PYTHON) foundry/local/bootstrap.py requirements.txt
	@exec $(PY) manage.py up

dev:
	@$(PYTHON) foundry/local/bootstrap.py requirements-dev.txt

test: dev  ## everything, from nothing, also in a real browser
	@$(PY) tests/tools/prepare.py
	@$(PY) -m pytest -n 2 --dist loadgroup

check: dev  ## format, lint, types, import contracts, fast tests: under three minutes
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports
	@$(PY) -m pytest -n 2 --dist loadgroup -m "not slow and not browser"

bench: dev  ## ratios against something measured in the same run; writes var/bench.json
	@$(PY) -m tests.bench

soak: dev  ## the figures that CI has no time for; writes var/soak.json
	@$(PY) -m tests.soak

format: dev
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

lock:  ## pin every requirement with every hash
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q requirements.in -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q requirements-dev.in -o requirements-dev.txt
