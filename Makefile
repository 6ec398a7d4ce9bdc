# Every target is one command in .venv; README.md has the same commands for people without make.
PYTHON ?= python3
BIN := $(if $(filter Windows_NT,$(OS)),.venv/Scripts,.venv/bin)
RUN := $(BIN)/python -m course_tools

.PHONY: help setup lab course site links slides lab-page submit restart grade bench soak check test test-all quick lock locked student release address badges sync outline
help:
	@echo "make lab      your copies of the lessons, in JupyterLab"
	@echo "make course   run every lesson, then build the site from it, build/site/"
	@echo "make site     the site from the committed outputs; nothing is run"
	@echo "make links    ask every address outside the site whether it still answers (needs the internet)"
	@echo "make slides   every lesson as a deck, build/slides/ (needs npm)"
	@echo "make lab-page a page where every model answers to a drawing, served here (needs npm)"
	@echo "make submit N=05; make restart N=05"
	@echo "make grade SUBMISSIONS=DIR    mark what students handed in, into grades/"
	@echo "make test-all everything that must hold, as CI runs it; make test: every rule once; make quick: what is fast of it"
	@echo "make soak     the lessons' claims over 20 seeds: an hour"
	@echo "make check    format, lint, types, spelling, links: seconds"
	@echo "make bench    speed and quality, measured"
	@echo "make lock     write requirements-dev.txt anew (needs uv); make locked: .venv with exactly that, every hash checked"
	@echo "make setup    only make .venv; make outline; make student; make sync; make release OUT=DIR"

setup: .venv/ready
lab: .venv/ready
	$(RUN) lab $(ARGS)
course: .venv/ready-site
	$(RUN) run $(ARGS)
site: .venv/ready-site
	$(RUN) site $(ARGS)
links: .venv/ready-site
	$(RUN) site --check-links
slides: .venv/ready-site
	$(RUN) slides $(ARGS)
lab-page: .venv/ready-dev
	$(RUN) lab-page $(ARGS)
submit: .venv/ready
	$(RUN) submit "$(N)" $(ARGS)
restart: .venv/ready
	$(RUN) restart "$(N)"
outline: .venv/ready
	$(RUN) outline
grade: .venv/ready
	$(RUN) grade "$(or $(SUBMISSIONS),$(error make grade SUBMISSIONS=DIR: the folder of what was handed in))" $(ARGS)
soak: .venv/ready-dev
	$(BIN)/python benchmarks/soak.py $(ARGS)
check: .venv/ready-dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/python -m mypy course_utils course_tools
	$(BIN)/codespell README.md CONTRIBUTING.md data/README.md docs course_utils course_tools tests benchmarks notebooks
	$(BIN)/python -m pytest -n 0 tests/test_privacy.py
bench: .venv/ready-dev
	$(BIN)/python benchmarks/bench.py $(ARGS)
test: .venv/ready-dev
	$(BIN)/python -m pytest -m "not exhaustive" $(ARGS)
test-all: .venv/ready-dev
	$(BIN)/python -m pytest $(ARGS)
quick: .venv/ready-dev
	$(BIN)/python -m pytest tests -m "not slow" $(ARGS)
lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --no-annotate --quiet --upgrade --output-file requirements-dev.txt
locked:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@$(BIN)/python -c "open('.venv/ready', 'w').close(); open('.venv/ready-site', 'w').close(); open('.venv/ready-dev', 'w').close()"
student: .venv/ready-dev
	$(RUN) student
release: .venv/ready-dev
	$(RUN) release "$(OUT)" $(if $(REPO),--repo "$(REPO)") $(ARGS)
address badges: .venv/ready-dev
	$(RUN) address --repo "$(or $(REPO),$(error make address REPO=owner/name REF=v1.0))" --ref "$(or $(REF),$(error make address REPO=owner/name REF=v1.0))"
sync: .venv/ready-dev
	$(RUN) sync

.venv/ready: pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(None if sys.version_info >= (3, 10) else 'Python 3.10 or newer is needed, this is ' + sys.version.split()[0] + '. Name another one: make PYTHON=python3.12 lab')"
	@echo "Setting up .venv. PyTorch alone is several hundred MB to a few GB, so the first time takes minutes."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[lab,teach]"
	@$(BIN)/python -c "open('.venv/ready', 'w').close()"

.venv/ready-site: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[site]"
	@$(BIN)/python -c "open('.venv/ready-site', 'w').close()"

.venv/ready-dev: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@$(BIN)/python -c "open('.venv/ready-dev', 'w').close()"
