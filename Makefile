# The commands of the README. A thin front: Meson builds, tools/ does the rest.
#
# build/ is the release, build-test/ runs under AddressSanitizer and UBSan, build-tsan/ under
# ThreadSanitizer, build-fuzz/ holds the libFuzzer targets, build-bench/ the benchmark programs.
# Variables: ARGS (passed on by run, test, bench), FUZZ_SECONDS, PREFIX, DESTDIR, PROGRAM (of `docs`).

PYTHON := /usr/bin/python3
MESON ?= meson
NINJA ?= ninja
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
ARGS ?=

# debugoptimized is -O2 with debug information; asserts stay: a server that finds its own state
# broken stops rather than goes on.
RELEASE := -Dbuildtype=debugoptimized -Dprefix=$(PREFIX)

.PHONY: help run test build bench bench-large lint fuzz docs install clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS='	' read -r name what; do printf '  make %-12s %s\n' "$$name" "$$what"; done

run: ## install what is missing, build, and run a CSE on loopback with its data in ./merlon-data
	@tools/setup.sh run
	@$(MAKE) --no-print-directory build
	exec build/merlon cse $(ARGS)

test: ## install what is missing, build with sanitizers, run every suite
	@tools/setup.sh test
	@$(PYTHON) tools/run_tests.py $(ARGS)

build: build/build.ninja ## the release: build/merlon
	@$(NINJA) -C build
	@ln -sfn src/cli/merlon build/merlon

build/build.ninja: meson_options.txt
	@$(MESON) setup $(if $(wildcard build/build.ninja),--reconfigure) build $(RELEASE)
	@touch $@

build-bench/build.ninja: meson_options.txt
	@$(MESON) setup $(if $(wildcard build-bench/build.ninja),--reconfigure) build-bench \
		$(RELEASE) -Dbench=true
	@touch $@

bench: ## figures against the bare libraries: the table of docs/performance.md
	@tools/setup.sh bench
	@$(MAKE) --no-print-directory build-bench/build.ninja
	@$(NINJA) -C build-bench
	@ln -sfn src/cli/merlon build-bench/merlon
	@$(PYTHON) tests/bench/run.py --build build-bench $(ARGS)

bench-large: ## the rows with millions of resources too
	@$(MAKE) --no-print-directory bench ARGS="--large $(ARGS)"

lint: ## look, layers, banned calls, clang-tidy, cppcheck
	@tools/setup.sh lint
	@$(PYTHON) tools/check.py lint $(ARGS)

fuzz: ## every fuzz target for FUZZ_SECONDS
	@tools/setup.sh fuzz
	@$(PYTHON) tools/run_fuzz.py --seconds $(FUZZ_SECONDS) $(ARGS)

docs: $(if $(PROGRAM),,build) ## write again what is generated: reference, man pages, conformance, ...
	@$(PYTHON) tools/gen_model.py reference spec docs/reference
	@$(PYTHON) tools/gen_model.py schema spec docs/reference/schema
	@$(PYTHON) tools/gen_api.py include/merlon docs/reference/api
	@$(PYTHON) tools/gen_conformance.py
	@mkdir -p dist/man dist/completion
	@$(or $(PROGRAM),build/merlon) __docs man dist/man
	@$(or $(PROGRAM),build/merlon) __docs completion dist/completion
	@$(or $(PROGRAM),build/merlon) cse --sample-config >dist/merlon.conf

install: build ## to PREFIX below DESTDIR
	@$(MESON) configure build -Dprefix=$(PREFIX)
	@DESTDIR='$(DESTDIR)' $(MESON) install -C build

clean: ## remove what was built; data and sources stay
	rm -rf build build-test build-tsan build-fuzz build-bench build-ci
