# `make demo` and `make test` need Python 3.11 or newer, make, and a package index; they set up .venv by themselves.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check docs bench torture platform live clean

demo: .venv/ready
	@$(BIN)/caretool demo

test: .venv/ready-dev
	@$(BIN)/pytest -n auto

torture: .venv/ready-dev $(if $(FUZZ),.venv/ready-fuzz)
	@$(BIN)/python -m $(if $(FUZZ),tests.fuzzing.run $(FUZZ),tests.torture $(or $(WALKS),1000)) $(SEED)

live: .venv/ready-dev
	@$(BIN)/python -m tests.live $(NAME)

check: .venv/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python -m tests.documents --check

bench: .venv/ready-dev
	@$(BIN)/python -m bench

docs: .venv/ready-dev
	$(BIN)/python -m tests.documents

# make platform NAME=x: the files of a new connector, whose contract tests say what is left to write.
platform: .venv/ready-dev
	@$(BIN)/python -m tests.new_platform $(NAME)

.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "caretool needs Python 3.11 or newer: make PYTHON=python3.12")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

.venv/ready-dev: .venv/ready
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

.venv/ready-fuzz: .venv/ready-dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,fuzz]'
	@touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
