# Every command makes .venv first if it is not there. ARGS="…" is handed on: make test ARGS="-k brush"
PYTHON := .venv/bin/python
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test fuzz conformance test-frameworks lint bench soak kill-saves small-disks \
        package screenshots lessons lesson-pictures train lower-bounds lock

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv and install what is missing (every other command does it too)
	@sh packaging/setup.sh

run: setup ## open the window; without a display, write the maps to ./cnn-explorer-maps/
	@$(PYTHON) packaging/run.py

test: setup ## run the tests; needs no display
	@$(PYTHON) -m pytest -n auto --maxprocesses 8 --dist loadfile $(ARGS)

fuzz: setup ## read thousands of broken files of each kind; ARGS="10000 7 cnnx": how many, seed, kind
	@$(PYTHON) -m tests.fuzz $(ARGS)

conformance: setup ## run ONNX's published tests and print the table that README.md has
	@$(PYTHON) -m tests.conformance

test-frameworks: setup ## hold the core against PyTorch, which it installs into build/
	@$(PYTHON) packaging/frameworks.py $(ARGS)

lint: setup ## check style and types
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy

bench: setup ## measure the computation, the window, the start, memory and an export
	@$(PYTHON) packaging/bench.py $(ARGS)

soak: setup ## draw and configure for minutes, and watch memory and warnings
	@$(PYTHON) packaging/soak.py $(ARGS)

kill-saves: setup ## kill the program 200 times while it saves, and see what is left
	@$(PYTHON) packaging/kill_saves.py $(ARGS)

small-disks: setup ## save sessions on disks of every size, and see what is left
	@$(PYTHON) packaging/small_disks.py $(ARGS)

package: setup ## build the wheel and the source package into dist/
	@$(PYTHON) -m hatchling build -t sdist -t wheel

screenshots: setup ## take the README's pictures of the window anew
	@$(PYTHON) packaging/screenshots.py $(ARGS)

lessons: setup ## make the bundled lessons anew
	@$(PYTHON) packaging/make_lessons.py $(ARGS)

lesson-pictures: setup ## play the lessons by Page Down, and take a picture of each step
	@$(PYTHON) packaging/lesson_pictures.py $(ARGS)

train: setup ## train the bundled networks with PyTorch, from MNIST's images: DATA=FOLDER
	@$(PYTHON) packaging/train.py --data "$(DATA)" $(ARGS)

lower-bounds: setup ## run the tests with the lowest versions that pyproject.toml allows
	@$(PYTHON) packaging/lower_bounds.py $(ARGS)

lock: ## resolve requirements.lock anew (needs uv)
	@uv pip compile pyproject.toml --group dev --universal --fork-strategy fewest --upgrade \
	  --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --quiet \
	  --output-file requirements.lock
