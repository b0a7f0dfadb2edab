# Every command of this repository. `make help` lists them; continuous integration calls the same.
# What may be given on the command line: make notebooks N=ch09. Nothing is read from the environment.
PYTHON = python3
VENV = .venv
N =
WORLD =
URL =
BRANCH = main

BIN := $(VENV)/bin
READY := $(VENV)/.ready

# A value of the command line as words for the shell, each in quotes, nothing in it expanded.
quoted = $(foreach one,$(value $(1)),'$(subst ','\'',$(one))')

export OMP_NUM_THREADS := 1
unexport N WORLD URL BRANCH PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help book pdf epub student slides unit test floors colab lint notebooks falsify setup runs bench clean distclean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

$(READY): pyproject.toml constraints.txt
	@$(call quoted,PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is %d.%d: make PYTHON=python3.12 ..." % v[:2])'
	@$(call quoted,PYTHON) tools/install.py $(call quoted,VENV)
	@touch $@

book: $(READY) ## build the book into _build/html, warnings are errors
	@$(BIN)/python tools/build.py

pdf: $(READY) ## set the whole book on paper: one PDF, needs LaTeX
	$(BIN)/python tools/pdf.py

epub: $(READY) ## make an e-book of the whole book
	$(BIN)/python tools/epub.py

student: $(READY) ## write notebooks without solutions; N=ch09 takes one
	PYTHONPATH=book/_ext $(BIN)/python tools/student.py $(call quoted,N)

slides: book ## make slides of chapters, each deck one file; N=ch09 takes one
	$(BIN)/python tools/slides.py $(call quoted,N)

unit: $(READY) ## run the tests that need neither book nor browser, about a minute
	$(BIN)/python -m pytest tests/unit -n 2 --dist worksteal --by-folder

test: book ## run all tests and every notebook, three at a time on two cores, since browsers wait
	$(BIN)/python -m pytest --nbval -n 3 --dist loadfile --no-loadscope-reorder --by-folder

floors: ## run the unit tests with the oldest versions that pyproject.toml allows
	$(call quoted,PYTHON) tools/floors.py

colab: $(READY) ## run every notebook alone, as on Colab, in a Python that lacks wganlib
	$(BIN)/python -m pytest -m slow tests/book/test_colab.py

lint: $(READY) ## check style, spelling, plain words and the notebooks' shared cell
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/oxlint --deny-warnings book/_static book/_ext tools
	$(BIN)/python tools/notebooks.py setup --check
	$(BIN)/python tools/notebooks.py text | $(BIN)/codespell --dictionary - --dictionary tools/plain_english.txt -
	$(BIN)/codespell --dictionary - --dictionary tools/plain_english.txt *.md *.toml *.yml Makefile conftest.py book/*.md book/_ext benchmarks/*.py benchmarks/*.md book/worlds/*.py tools/*.py tools/counterworlds wganlib tests --skip tests/book/test_plain_english.py

notebooks: $(READY) ## execute and store the notebooks; N=ch09 takes those that start with ch09
	$(BIN)/python tools/notebooks.py execute $(call quoted,N)

falsify: $(READY) ## see each claim fall in a world that is false; N=ch09 one chapter, WORLD=name one world
	$(BIN)/python tools/falsify.py $(call quoted,N) $(if $(value WORLD),--world $(call quoted,WORLD))

setup: $(READY) ## name the repository everywhere: make setup URL=https://github.com/OWNER/NAME
	$(BIN)/python tools/notebooks.py setup $(if $(value URL),--url $(call quoted,URL) --branch $(call quoted,BRANCH))

runs: $(READY) ## make the frozen runs, or go on with them; N=mnist-wgan-gp takes one
	$(BIN)/python -m wganlib.runs $(call quoted,N)

bench: $(READY) ## measure speed against the usual ways and write benchmarks/README.md's tables
	$(BIN)/python benchmarks/bench.py

clean: ## remove what was built; the environment and the data stay
	rm -rf _build .pytest_cache .ruff_cache book/.ipynb_checkpoints
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean ## remove the environment too
	test ! -e $(call quoted,VENV) || test -f $(call quoted,VENV)/pyvenv.cfg
	rm -rf $(call quoted,VENV) .venv-floors *.egg-info
