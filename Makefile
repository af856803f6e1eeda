# `make demo` and `make test` need Python 3.11 or newer and nothing else: they make what they lack.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
SOURCES := $(shell find js/src js/package-lock.json lms_jupyter notebooks -type f \
	-not -path '*/static/*' -not -path '*/labextension/*' -not -path '*/__pycache__/*' 2>/dev/null)

.PHONY: demo demo-fleet check test bench clean

demo: $(VENV)/demo.stamp
	@$(BIN)/lms-jupyter demo $(ARGS)

demo-fleet: $(VENV)/demo.stamp
	@$(BIN)/lms-jupyter demo --fleet $(ARGS)

check:
	$(PYTHON) .ci/test.py --check

test:
	$(PYTHON) .ci/test.py $(ARGS)

bench:
	$(PYTHON) .ci/test.py --set-up
	$(BIN)/python -m tests.bench $(ARGS)

# A half-made environment, where Debian's python3-venv is missing, must not pass for one.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, \
	and this is " + sys.version.split()[0] + ". Name another: make demo PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: pyproject.toml $(BIN)/pip $(SOURCES)
	@echo "▸ Building the front end and installing everything into $(VENV): a minute or two"
	@rm -rf lms_jupyter/widgets/static lms_jupyter/labextension
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check '.[demo]'
	@$(BIN)/python .ci/debian.py
	@touch $@

clean:
	rm -rf $(VENV) build dist js/node_modules js/lib lms_jupyter/widgets/static lms_jupyter/labextension
