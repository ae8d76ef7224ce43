# Needs Python 3.11 or newer, pip and make; everything else goes into .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
BUILD := build

.PHONY: demo test lint docs eval ablation bench soak release clean

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

$(VENV)/bench: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	touch $@

demo: $(VENV)/ready ## sample traffic in, ranked incidents out
	rm -rf $(BUILD)/demo
	$(BIN)/forensics demo --out $(BUILD)/demo

test: lint ## every check and test
	$(BIN)/python -m pytest

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/ready ## regenerate what is generated from code
	$(BIN)/python docs/generate.py

eval: $(VENV)/ready ## score the detectors on the labelled corpora, where these lie beside the checkout
	$(BIN)/python tests/bench/evaluate.py

# What each analytic adds, and published detectors on the same traffic: the tables of docs/detection.md and docs/language.md.
TABULAR := ../shared/corpus/dev-full/tabular
LLM := ../shared/corpus/dev-full/llm
ablation: $(VENV)/ready ## the full corpora without each analytic, under published detectors, and without words for refusals
	rm -rf $(BUILD)/ablation $(BUILD)/ablation-llm && mkdir -p $(BUILD)
	$(BIN)/forensics ingest $(TABULAR)/databricks.parquet $(TABULAR)/gateway.jsonl.zst \
	  --mapping fixtures/mappings/home-gateway.toml --store $(BUILD)/ablation
	$(BIN)/forensics scan --store $(BUILD)/ablation
	$(BIN)/python tests/bench/legs.py --store $(BUILD)/ablation --truth $(TABULAR)/truth.jsonl
	$(BIN)/python tests/bench/baselines.py --store $(BUILD)/ablation --truth $(TABULAR)/truth.jsonl
	$(BIN)/forensics ingest $(LLM)/litellm.jsonl.zst $(LLM)/bedrock.jsonl.zst --store $(BUILD)/ablation-llm
	$(BIN)/forensics scan --store $(BUILD)/ablation-llm
	$(BIN)/python tests/bench/legs.py --store $(BUILD)/ablation-llm --truth $(LLM)/truth.jsonl
	$(BIN)/python tests/bench/evaluate.py --half llm --size full --seeds --wordless

bench: $(VENV)/bench ## speed and memory; the similarity engine beside exact search and other libraries
	$(BIN)/python tests/bench/speed.py
	$(BIN)/python tests/bench/similarity.py
	$(BIN)/python tests/bench/nights.py

soak: $(VENV)/ready ## the long versions of the fault tests
	FORENSICS_SOAK=1 $(BIN)/python -m pytest -m fault

release: test ## wheel and sdist in dist/
	$(BIN)/python -m build
	$(BIN)/python -m pip install --quiet --upgrade twine
	$(BIN)/twine check dist/*

clean:
	rm -rf $(BUILD) dist .pytest_cache .mypy_cache .ruff_cache
