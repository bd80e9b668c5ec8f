# Everything a person or a machine does with the inbox. `make help` lists the commands.
# Each set-up step leaves a stamp, so the second run of a command takes seconds.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory --no-builtin-rules

PYTHON ?= python3
ARGS ?=
export HOST ?= 127.0.0.1
export PORT ?= 8000

# What starts hundreds of programs must not have each of them compile its source anew.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
VENDOR := static/vendor
OFFICIAL := tests/fakes/official
# Many tests wait for a desk that was killed: one more at a time than there are processors.
WAITING := -n 3 --dist worksteal
# Crowds of eight processes: with nothing else beside them than the next one that fills its desk.
ALONE := races
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard triage/translations/*/LC_MESSAGES/messages.po))

# $(call pip_sync,lock): what the lock says and nothing else. uv where it can, else pip.
pip_sync = VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes --only-binary :all: $(1) \
	|| { echo "Installing with pip instead of uv (slower)." >&2; \
	$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r $(1); }

# $(call apt_install,packages,what they are for): by apt when root, else one sentence.
apt_install = if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing for $(2): $(1)"; \
		export DEBIAN_FRONTEND=noninteractive; \
		apt-get -qq update </dev/null && apt-get -qq install -y --no-install-recommends $(1) </dev/null >/dev/null; \
	else \
		echo "Please install for $(2), then run this again: $(1)" >&2; exit 1; \
	fi


.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# A desk of one's own has its SECRET_KEY in .env; everything else is the demo desk, with keys of its own.
.PHONY: run
run: $(VENV)/.runtime $(VENDOR)/.stamp $(CATALOGUES) instance/demo.env ## Start the inbox on http://127.0.0.1:8000 (HOST, PORT)
	@set -a; \
	if ! grep -qs '^SECRET_KEY=' .env; then \
		DEMO=1; [ -n "$${SECRET_KEY:-}" ] || . ./instance/demo.env; \
	fi; \
	set +a; \
	$(BIN)/flask --app wsgi db upgrade; \
	if [ "$${DEMO:-$$(sed -n 's/^DEMO=//p' .env)}" = 1 ]; then $(BIN)/flask --app wsgi triage demo-desk; \
	else echo "  The desk: http://$(HOST):$(PORT)/login   The citizens' form: http://$(HOST):$(PORT)/report"; fi; \
	exec $(BIN)/gunicorn -c gunicorn.conf.py wsgi:app

.PHONY: test
test: setup-test lint types ## Everything: lint, types and all tests; installs what they need
	$(BIN)/pytest $(WAITING) --ignore=tests/test_house.py -m "not soak and not ($(ALONE))" $(ARGS)
	$(BIN)/pytest -n 2 -m "not soak and ($(ALONE))" $(ARGS)

.PHONY: test-fast
test-fast: $(VENV)/.dev $(VENDOR)/.stamp $(OFFICIAL)/.stamp $(CATALOGUES) ## The tests that need no system packages (ARGS="-k claim -x")
	$(BIN)/pytest --ignore=tests/browser -m "not browser and not postgresql and not redis and not soak" $(ARGS)

.PHONY: soak
soak: setup-test ## Every fault ten times over, written to docs/reliability.md, and what is left out of `make test` (two hours)
	BOTH=1 POWER_CUTS=8 $(BIN)/pytest -n 4 --dist worksteal tests/faults --rounds 10 --reliability docs/reliability.md $(ARGS)
	CLAIMED=2000 DUEL_ROUNDS=25 INSTANTS=100 $(BIN)/pytest tests/races/test_duels.py tests/races/test_matters.py \
		tests/races/test_redeliveries.py tests/races/test_claims.py tests/races/test_likeness.py \
		--beside docs/reliability.md $(ARGS)
	REHEARSED=300 POISON=10000 $(BIN)/pytest -n 2 tests/test_rehearsal.py tests/canary tests/workers/test_poison.py \
		--beside docs/reliability.md $(ARGS)
	REDIS_FAULT_SECONDS=300 $(BIN)/pytest tests/workers/test_redis_faults.py --beside docs/reliability.md $(ARGS)
	VOICES=5000 $(BIN)/pytest tests/races/test_voices.py tests/flows/test_forecast.py --beside docs/reliability.md $(ARGS)
	BOTH=1 AMBIGUOUS=2000 WITHHELD=600 $(BIN)/pytest tests/faults/test_ambiguous.py tests/faults/test_withheld.py \
		tests/races/test_pollers.py --beside docs/reliability.md $(ARGS)
	BOTH=1 $(BIN)/pytest -n 2 tests/browser $(ARGS)
	BOTH=1 $(BIN)/pytest $(WAITING) -m "not soak" tests/web tests/flows tests/cli tests/backup tests/api $(ARGS)
	BOTH=1 UNDOINGS=200 $(BIN)/pytest -n 2 tests/actions/test_undoing.py $(ARGS)
	BOTH=1 MODEL_RUNS=400 MODEL_STEPS=50 $(BIN)/pytest -n 2 tests/flows/test_sending_model.py --beside docs/reliability.md $(ARGS)

.PHONY: fuzz-api
fuzz-api: $(VENV)/.dev ## Ask the API far more than the tests do (FUZZ_EXAMPLES=200 a call and kind of data)
	FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-200} $(BIN)/pytest tests/api/test_schemathesis.py $(ARGS)

.PHONY: rights
rights: $(VENV)/.dev $(CATALOGUES) ## The whole matrix of rights, and two people who swap 5,000 numbers (SWAPS=5000)
	RIGHTS=whole SWAPS=$${SWAPS:-5000} $(BIN)/pytest -s -m "not postgresql" tests/rights $(ARGS)

.PHONY: rehearsal
rehearsal: $(VENV)/.dev $(VENDOR)/.stamp $(CATALOGUES) ## A stream of reports, a real server, 20 operators (FILE=reports.csv.gz)
	$(BIN)/python -m benchmarks.rehearsal $(FILE) $(ARGS)

.PHONY: bench
bench: $(VENV)/.dev $(VENDOR)/.stamp $(CATALOGUES) ## The desk against the barest program; writes docs/benchmarks.md (ARGS=--quick)
	$(BIN)/python -m benchmarks.bench $(if $(ARGS),$(ARGS),--paper docs/benchmarks.md)

.PHONY: lint
lint: $(VENV)/.dev ## ruff
	$(BIN)/ruff check .

.PHONY: types
types: $(VENV)/.dev ## mypy and the import rules
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_house.py

.PHONY: setup
setup: $(VENV)/.dev $(VENDOR)/.stamp $(CATALOGUES) ## Set up for development, without starting anything

.PHONY: vendor
vendor: $(VENDOR)/.stamp ## Fetch the browser libraries into static/vendor

.PHONY: messages
messages: $(VENV)/.dev ## Collect the sentences to translate into triage/translations
	$(BIN)/pybabel -q extract -F babel.cfg -k lazy_gettext -k _l -k N_ --no-location --sort-by-file \
		--project="triage inbox" -o triage/translations/messages.pot .
	$(BIN)/pybabel -q update -i triage/translations/messages.pot -d triage/translations \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date

.PHONY: lock
lock: $(VENV)/.created ## Compile requirements*.txt into locks/ (ARGS="--upgrade")
	$(call compile,requirements.txt,locks/requirements.txt)
	$(call compile,requirements-dev.txt,locks/requirements-dev.txt)

compile = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: \
	--no-header --no-annotate --no-emit-index-url --no-config $(ARGS) $(1) -o $(2)

# ---------------------------------------------------------------- set-up

.PHONY: setup-test
setup-test: setup $(OFFICIAL)/.stamp
	@need=""; \
	command -v chromium >/dev/null || need="$$need chromium"; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || need="$$need postgresql"; \
	command -v redis-server >/dev/null || need="$$need redis-server"; \
	[ -n "$$(fc-list :lang=ar 2>/dev/null || true)" ] || need="$$need fonts-noto-core"; \
	if [ -n "$$need" ]; then $(call apt_install,$$need,the tests); fi

$(VENV)/.created: locks/requirements-uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "The inbox needs Python 3.11 or newer; install it, or name it: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(call apt_install,python3-venv,the virtual environment); }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $< \
		|| echo "uv is not to be had here; pip will do its work." >&2
	@touch $@

# What the tests need includes what running needs.
$(VENV)/.runtime: locks/requirements.txt $(VENV)/.created
	@if ! [ $(VENV)/.dev -nt locks/requirements-dev.txt ]; then \
		echo "Installing the requirements"; \
		rm -f $(VENV)/.dev; \
		$(call pip_sync,$<); \
	fi
	@touch $@

$(VENV)/.dev: locks/requirements-dev.txt $(VENV)/.created
	@echo "Installing the requirements of the tests"
	@$(call pip_sync,$<)
	@touch $@

instance/demo.env: | $(VENV)/.runtime
	@mkdir -p instance
	@umask 077; $(BIN)/python -c 'from base64 import b64encode as b; from secrets import token_bytes as t, token_urlsafe; \
		print("SECRET_KEY=" + token_urlsafe(48)); \
		print(f"TRIAGE_KEYS=index:{b(t(32)).decode()},demo:{b(t(32)).decode()}")' > $@

# npm of the machine, else PyPI's: asked for wherever it is used, because syncing another lock takes it away again.
find_npm = command -v npm >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --only-binary :all: -r locks/requirements-node.txt

$(VENDOR)/.stamp: package-lock.json package.json .npmrc | $(VENV)/.runtime
	@echo "Fetching the browser libraries"
	@$(find_npm)
	@PATH="$$PATH:$(CURDIR)/$(BIN)" npm ci --ignore-scripts --include=dev --no-audit --no-fund --loglevel=error >/dev/null
	@mkdir -p $(VENDOR)
	@cp node_modules/socket.io-client/dist/socket.io.min.js $(VENDOR)/
	@touch $@

$(OFFICIAL)/.stamp: locks/descriptions.txt | $(VENV)/.dev
	@echo "Fetching the official descriptions that the fakes are checked against"
	@$(find_npm)
	@PATH="$$PATH:$(CURDIR)/$(BIN)" $(BIN)/python -m tests.fakes.fetching
	@touch $@

%.mo: %.po | $(VENV)/.runtime
	@$(BIN)/pybabel -q compile -i $< -o $@
	@test -f $@ || { echo "$< is marked as fuzzy: remove that mark once it was read." >&2; exit 1; }
