# Lorewright: every command a person needs. “make” alone lists them.
PYTHON ?= python3
VENV := .venv/bin
# Rules of the house, which check holds the tree against.
RULES := tests/test_architecture.py tests/test_docs.py tests/test_seams.py
# One process more than the usual two cores: many tests wait for processes of their own.
TESTERS ?= 3
export OMP_WAIT_POLICY ?= PASSIVE
# Where it is set, every process compiles all it imports again: 29 s instead of 10 to load peft.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help studio setup setup-dev setup-gpu test check demo bench lock messages clean

help: ## List these commands
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{ printf "  make %-11s %s\n", $$1, $$2 }'

setup: ## Install what the studio needs into .venv
	@$(PYTHON) scripts/setup.py studio

setup-dev: ## Install what tests and checks need as well
	@$(PYTHON) scripts/setup.py dev

setup-gpu: ## Install the vLLM server of a GPU machine into .venv-gpu
	@$(PYTHON) scripts/setup.py gpu

studio: ## Set up, then open the studio in the browser; llama.cpp is compiled behind it
	@$(PYTHON) scripts/setup.py pages
	@exec $(VENV)/python -m studio up --with-parent

test: setup-dev ## Run every test, or those named: make test TESTS=tests/jobs
ifdef TESTS
	$(VENV)/python -m pytest $(TESTS)
else
	OMP_NUM_THREADS=1 $(VENV)/python -m pytest -n $(TESTERS) --dist loadscope --no-loadscope-reorder \
		$(addprefix --ignore=,$(RULES)) --durations=60
endif

check: setup-dev ## Style, types, import rules, documentation
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports
	$(VENV)/python -m pytest $(RULES)

demo: setup ## Walk the whole way without a browser and print the figures
	@$(VENV)/python -m studio demo --json

bench: setup ## Measure the studio against its targets
	@for name in start imports jobs events training curves text memory voices; do $(VENV)/python -m studio bench $$name --json || exit 1; done

lock: setup-dev ## Compile the .in files into the lock files
	@$(VENV)/python scripts/lock.py $(VENV)/uv

messages: setup-dev ## Collect the interface texts for translators
	@mkdir -p studio/locale
	@$(VENV)/pybabel -q extract -F pyproject.toml -k _ -k n_:1,2 --no-location --omit-header \
		-o studio/locale/lorewright.pot .

clean: ## Remove the environment and caches, not what a writer made
	rm -rf .venv .venv-gpu .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find studio workers pages tests scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
