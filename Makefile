# Two commands: `make book` and `make test`. Each sets everything up by itself; nothing is done twice.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help setup book test lint lock clean

help:
	@echo "make book    set up, run every notebook on generated music, bind book/_build/html/index.html"
	@echo "make test    set up, run the tests"
	@echo "make setup   only make the environment in .venv; then .venv/bin/mgc is there"
	@echo "make lint    check style with ruff"
	@echo "make lock    write requirements.lock anew from the newest versions that pyproject.toml allows"
	@echo "make clean   remove what was generated: the book, the runs, the data; the environment stays"

setup: $(STAMP)

book: $(STAMP)
	$(BIN)/mgc book --profile demo

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v[:2] <= (3, 13) else "error: found Python %d.%d, this needs 3.11 to 3.13; name one: make PYTHON=python3.12 ..." % v[:2])'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "error: $(PYTHON) cannot make environments; on Debian: apt install python3-venv" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps -e .
	@# pip compiles on one core; like pip, pass over files that are not for this Python (compiled.log names them)
	$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >$(VENV)/compiled.log 2>&1 || true
	@touch $@

lock:
	rm -rf $(VENV)-lock
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check -e '.[book,test]'
	echo "# Exact versions of everything, frozen by make lock on $$($(VENV)-lock/bin/python --version | cut -d. -f1-2)." > requirements.lock
	$(VENV)-lock/bin/python -m pip freeze --exclude-editable >> requirements.lock
	rm -rf $(VENV)-lock
	@echo "requirements.lock is new; now mend environment.yml (tests/test_environment.py says how) and run make test"

clean:
	rm -rf book/_build book/_generated runs data .pytest_cache .ruff_cache .hypothesis
