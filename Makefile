# Every command of this repository. `make help` lists them; continuous integration calls the same.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
N      ?=
URL    ?=
BRANCH ?= main

export OMP_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help book pdf test colab lint notebooks setup runs bench clean distclean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is %d.%d: make PYTHON=python3.12 ..." % v[:2])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[book,test]"
	@touch $@

book: $(READY) ## build the book into _build/html, warnings are errors
	$(BIN)/jupyter-book build . --builder html -W -n --keep-going --quiet
	@echo "The book is built. Open file://$(CURDIR)/_build/html/index.html"

pdf: $(READY) ## set the whole book on paper: one PDF, needs LaTeX
	$(BIN)/python book/_ext/pdf.py

test: book ## run the tests and every notebook, two at a time, one thread each
	$(BIN)/python -m pytest --nbval -n 2 --dist loadfile

colab: $(READY) ## run every notebook alone, as on Colab, in a Python that lacks wganlib
	$(BIN)/python -m pytest -m slow tests/book/test_colab.py

lint: $(READY) ## check style, spelling and the notebooks' shared cell
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python book/_ext/notebooks.py setup --check
	$(BIN)/python book/_ext/notebooks.py text | $(BIN)/codespell -
	$(BIN)/codespell *.md *.toml *.yml Makefile book/*.md book/_ext benchmarks wganlib tests

notebooks: $(READY) ## execute and store the notebooks; N=ch09 takes those that start with ch09
	$(BIN)/python book/_ext/notebooks.py execute $(N)

setup: $(READY) ## name the repository everywhere: make setup URL=https://github.com/OWNER/NAME
	$(BIN)/python book/_ext/notebooks.py setup $(if $(URL),--url $(URL) --branch $(BRANCH))

runs: $(READY) ## make the frozen runs, or go on with them; N=mnist-wgan-gp takes one
	$(BIN)/python -m wganlib.runs $(N)

bench: $(READY) ## measure speed beside the usual ways and write benchmarks/README.md's tables
	$(BIN)/python benchmarks/bench.py

clean: ## remove what was built; the environment and the data stay
	rm -rf _build .pytest_cache .ruff_cache book/.ipynb_checkpoints
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean ## remove the environment too
	rm -rf $(VENV) *.egg-info
