# Everything sets itself up: a virtual environment in .venv, made once and again when pyproject changes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV := $(VENV)/.ready-dev

.PHONY: demo test lint bench clean

demo: $(READY)
	$(BIN)/mediasock demo

# Loops are compiled once, not by each worker. There are more workers than two cores, since many
# tests wait for calls in real time.
test: $(DEV)
	$(BIN)/python -m tests.support.compiling
	$(BIN)/python -m pytest -n 3 --dist loadgroup

lint: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEV)
	$(BIN)/python -m bench

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("mediasock needs Python 3.11 or newer; try make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(DEV): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --group dev
	touch $@

clean:
	rm -rf $(VENV) demo-out build *.egg-info
