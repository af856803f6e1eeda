# `make demo` and `make test` need Python 3.11 or newer and nothing else: they make what they lack.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=

.PHONY: demo test lint test-python test-js bench clean

demo: $(VENV)/demo.stamp
	$(BIN)/lms-jupyter demo $(ARGS)

test:
	$(PYTHON) .ci/test.py $(ARGS)

bench: $(VENV)/test.stamp
	$(BIN)/python -m tests.bench $(ARGS)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: pyproject.toml $(VENV)/bin/python $(shell find js/src js/package-lock.json 2>/dev/null)
	rm -rf lms_jupyter/panel/static lms_jupyter/labextension
	$(BIN)/python -m pip install --quiet --disable-pip-version-check '.[demo]'
	touch $@

$(VENV)/test.stamp: pyproject.toml $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	touch $@

clean:
	rm -rf $(VENV) build dist js/node_modules js/lib lms_jupyter/panel/static lms_jupyter/labextension
