# The same targets serve people and CI. `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin
THREADS ?= 2
DATA ?= synthetic
SEEDS ?= 3
ROUNDS ?= 50
TUNED ?= docs/results/tuned
METHODS ?= fedavg,fedprox,fed-over,fed-under,cfmt
PEERS ?= all
CLIENTS ?=
DIRICHLET ?=
QUICK ?=

REPORT = PYTHONPATH=benches:. $(BIN)/python -P -m peers.report
RUST := $(shell find rust -name '*.rs' 2>/dev/null) Cargo.toml Cargo.lock rust/core/Cargo.toml

.DEFAULT_GOAL := help
.PHONY: help setup run results results-anew test fuzz test-slow lint format bench bench-peers bench-million bench-gpu bench-scorer bench-report wheel clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

.venv/.python: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "cfmt needs Python >= 3.11; name one with: make PYTHON=python3.12 ..."; exit 1; }
	@command -v cargo >/dev/null || { echo "cfmt needs Rust: install cargo >= 1.90 with rustup"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet 'maturin>=1.9.4,<2'
	touch $@

.venv/.built: .venv/.python $(RUST)
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[dev]'
	touch $@

setup: .venv/.built ## Make .venv with everything, build the kernels

run: setup ## Compare CFMT with its baselines (DATA=synthetic, or DATA=DIR with NSL-KDD's files)
	$(BIN)/cfmt compare --data $(DATA) --methods $(METHODS) --clients 100 --alpha 0.3 --prevalence 0.05 \
	  --rounds $(ROUNDS) --seeds $(SEEDS) --threads $(THREADS)

results: setup ## Run the protocol, write docs/results.md (DATA=DIR; QUICK=1 a look in runs/; RERUN=METHOD)
	$(BIN)/python -m studies.results --data $(DATA) --tuned $(TUNED) --threads $(THREADS) \
	  $(if $(QUICK),--quick) $(RERUN:%=--rerun %)

results-anew: setup ## The same with its searches and the check of its folds (DATA=DIR; hours, resumed where it stopped)
	$(BIN)/cfmt tune --data $(DATA) --scenario prevalence-5 --trials 48 --method $(METHODS),class-weighted \
	  --threads $(THREADS) --out $(TUNED)
	$(BIN)/python -m studies.check_folds check $(TUNED) --data $(DATA) --threads $(THREADS)
	$(MAKE) results

test: setup ## Run the Rust and the Python tests
	cargo test --quiet --package cfmt-core
	$(BIN)/python -m pytest

fuzz: setup ## Read damaged files, N of each kind (N=100000: an hour or two)
	CFMT_FUZZ=$(or $(N),10000) $(BIN)/python -m pytest --log-cli-level=INFO -m 'slow or not slow' \
	  tests/data/readers/test_fuzz.py tests/data/readers/test_bombs.py tests/test_damaged_files.py

test-slow: setup ## Run the tests that take minutes
	$(BIN)/python -m pytest -m slow

bench: setup ## Time the kernels, alone and against the Python one would write (some minutes; THREADS=2)
	rm -rf target/criterion
	RAYON_NUM_THREADS=$(THREADS) cargo bench --package cfmt-core --bench kernels -- --noplot
	CFMT_THREADS=$(THREADS) $(BIN)/python -m pytest -m benchmark benches --benchmark-json target/benchmark.json
	$(BIN)/python benches/table.py target/benchmark.json target/criterion benches/results/kernels.json
	$(REPORT)

lint: setup ## Check style, types and the stub
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest cfmt._core

format: setup ## Rewrite the sources in house style
	cargo fmt --all
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench-peers: setup ## Time cfmt beside its peers (PEERS=numpy,flower CLIENTS=100,1000 DIRICHLET=1000; QUICK=1 a look)
	PYTHONPATH=benches $(BIN)/python -P -m peers.compare --peers '$(PEERS)' --clients '$(CLIENTS)' \
	  --dirichlet '$(DIRICHLET)' $(if $(QUICK),--quick)
	$(if $(QUICK),,$(REPORT))

bench-million: setup ## Time rounds of up to a million clients (CLIENTS=10000,100000 for some of the sizes)
	PYTHONPATH=benches $(BIN)/python -P benches/scale.py $(if $(CLIENTS),--clients $(CLIENTS))
	$(REPORT)

bench-scorer: setup ## Time the scorer beside numpy, onnxruntime, polars (DATA='RT_IOT2022.csv.gz nsl-kdd/')
	PYTHONPATH=benches $(BIN)/python -P benches/scorer.py --data $(DATA) --out benches/results/scorer.json
	$(REPORT)

bench-report: setup ## Write docs/performance.md anew from the figures in benches/results/
	$(REPORT)

bench-gpu: setup ## Time rounds on a CUDA device, beside the least time there (CLIENTS=100000 for fewer)
	PYTHONPATH=benches $(BIN)/python -P benches/gpu.py $(if $(CLIENTS),--clients $(CLIENTS))
	$(REPORT)

wheel: .venv/.python ## Build the wheel into dist/
	rm -rf dist
	$(BIN)/maturin build --release --locked --quiet --out dist

clean: ## Remove what was built (not runs/)
	rm -rf .venv .venv-peers target dist
