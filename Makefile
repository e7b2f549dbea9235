# On a fresh machine: `make demo`, `make app` and `make test`. Each sets up .venv itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stillyou-installed

.PHONY: setup demo app test lint format bench paper-claim clean
.DEFAULT_GOAL := demo

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 10) <= sys.version_info < (3, 14) else "stillyou needs Python 3.10 to 3.13, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: setup
	$(BIN)/python -m stillyou demo -o demo

app: setup
	$(BIN)/python -m stillyou app

test: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist loadfile

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup
	$(BIN)/python -m stillyou.bench.cartoon_studio
	$(BIN)/python -m stillyou.bench.people_studio
	$(BIN)/python -m stillyou.bench.embedded_edit
	$(BIN)/python -m stillyou bench --quick -o bench

# Pairs, curation, editors, tables; a stopped run goes on. SIZE=small takes minutes on two cores, full wants a GPU.
SIZE ?= small
paper-claim: setup
	$(BIN)/python -m stillyou.evaluation.claim --size $(SIZE) -o claim-$(SIZE)

clean:
	rm -rf $(VENV) demo .pytest_cache .mypy_cache .ruff_cache
