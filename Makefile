# `make demo` and `make test` set up all that they need; see README.md.
.PHONY: setup demo test test-fast lint format types bench clean
PY = .venv/bin/python
PYTEST = $(PY) -m pytest -n 2 --dist worksteal

setup:
	@scripts/setup dev

demo:
	@scripts/setup run
	@$(PY) -m waypost demo

test: setup
	@$(PYTEST)

test-fast: setup
	@$(PYTEST) -m "not slow"

lint: setup
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/lint-imports
	@$(PY) scripts/sizes.py

format: setup
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

types: setup
	@.venv/bin/mypy

bench: setup
	@$(PY) bench/run.py

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
