# `make demo` and `make test` need only Python 3.11+ (or uv): they set up .venv by themselves.
# On Windows see README.md, Quickstart.
BIN := .venv/bin
PYTEST_ARGS ?=
WORKERS ?= 2
COVERAGE_FLOOR ?= 85
export COVERAGE_FLOOR

.DEFAULT_GOAL := help
.PHONY: help setup demo test faults lint check lock clean

help:  ## List the targets.
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## Make .venv ready; returns at once when it is.
	@sh tools/setup_venv.sh

demo: setup  ## Run the monitor and its page on a simulated session (own folder: demo/).
	$(BIN)/monitor --home . --source demo

test: setup  ## Run the whole test suite.
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(PYTEST_ARGS)

faults: setup  ## Run every test of docs/reliability.md and show its table with the results.
	@report=$$(mktemp); $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -k fault_ \
		--junitxml=$$report $(PYTEST_ARGS); code=$$?; \
		$(BIN)/python tools/fault_table.py $$report; rm -f $$report; exit $$code

lint: setup  ## Check style and types: ruff, mypy --strict.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict

check:  ## What continuous integration runs: tests with coverage, then lint and the floor.
	bash .ci/run

lock:  ## Renew requirements.lock within the ranges of setup.cfg (needs uv).
	@head -n 3 requirements.lock >requirements.lock.new
	@uv pip compile --quiet --universal -p 3.11 setup.cfg --all-extras \
		--no-annotate --no-header --upgrade >>requirements.lock.new
	@mv requirements.lock.new requirements.lock

clean:  ## Remove what tools and the demo made; never data/, logs/, results/ or config.toml.
	rm -rf .venv demo build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -f .coverage .coverage.*
