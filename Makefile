# `make demo` and `make test` need Python 3.11 or newer and nothing else: they make what they lack.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=

.PHONY: demo test bench clean

demo: $(VENV)/demo.stamp
	$(BIN)/lms-jupyter demo $(ARGS)

test:
	$(PYTHON) .ci/test.py $(ARGS)

bench:
	$(PYTHON) .ci/test.py --set-up
	$(BIN)/python -m tests.bench $(ARGS)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

SOURCES := $(shell find js/src js/package-lock.json lms_jupyter notebooks -type f \
	-not -path '*/static/*' -not -path '*/labextension/*' -not -path '*/__pycache__/*' 2>/dev/null)

$(VENV)/demo.stamp: pyproject.toml $(VENV)/bin/python $(SOURCES)
	rm -rf lms_jupyter/panel/static lms_jupyter/labextension
	$(BIN)/python -m pip install --quiet --disable-pip-version-check '.[demo]'
	$(BIN)/python .ci/debian.py
	touch $@

clean:
	rm -rf $(VENV) build dist js/node_modules js/lib lms_jupyter/panel/static lms_jupyter/labextension
