# The commands. Each one needs nothing done before: it installs what is missing, configures, builds.
# CMakePresets.json says how each build directory is made.

PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc)
# Many tests wait for a lease to end and use no processor meanwhile.
TEST_JOBS ?= $(shell expr $$(nproc) + 1)

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help demo test bench instructions tsan valgrind fuzz faults soak lint format golden install clean deps

# Of each target of `make fuzz`.
FUZZ_SECONDS ?= 30
# Of `make faults`, over all engines.
FAULTS_HISTORIES ?= 10000
SOAK_MINUTES ?= 30

help:
	@echo 'make demo      build and run the examples'
	@echo 'make test      run every test with AddressSanitizer and UndefinedBehaviorSanitizer'
	@echo 'make bench     measure, with peers beside it, and write docs/performance.md'
	@echo 'make instructions  count those of a call, and fail where there are more than before'
	@echo 'make tsan      run every test with ThreadSanitizer'
	@echo 'make valgrind  look at unit tests, examples and a busy server with valgrind'
	@echo 'make fuzz      every parser of foreign bytes, FUZZ_SECONDS=$(FUZZ_SECONDS) each'
	@echo 'make faults    the long forms of the tests of faults: FAULTS_HISTORIES=$(FAULTS_HISTORIES)'
	@echo 'make soak      load with faults for SOAK_MINUTES=$(SOAK_MINUTES), with a plot'
	@echo 'make lint      format, clang-tidy, shellcheck, file sizes, a build with clang'
	@echo 'make format    put the sources into the format that `make lint` asks for'
	@echo 'make golden    write the expected output of protoc-gen-waldo anew, under tests/golden/'
	@echo 'make install   PREFIX=$(PREFIX), DESTDIR is honoured'
	@echo 'make clean     remove the build directories'

deps:
	@scripts/deps.sh

# $(call build,PRESET): configured once, then by ninja itself when a CMakeLists.txt changes.
define build
	@cmake --preset $(1) >/dev/null
	@cmake --build --preset $(1) --parallel $(JOBS)
endef

demo: deps
	$(call build,release)
	@scripts/demo.sh build

test: deps
	$(call build,asan)
	@ctest --preset asan --parallel $(TEST_JOBS)
	@scripts/sanitizer_reports.sh build-asan

bench: deps
	$(call build,release)
	@build/bin/waldo-bench --peers --json build/bench.json --plot docs/latency.svg \
		--markdown docs/performance.md

instructions: deps
	$(call build,clang)
	@bench/instructions.sh build-clang

tsan: deps
	$(call build,tsan)
	@ctest --preset tsan --parallel $(TEST_JOBS)
	@scripts/sanitizer_reports.sh build-tsan

valgrind: deps
	$(call build,clang)
	@scripts/valgrind.sh build-clang $(JOBS)

fuzz: deps
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz --parallel $(JOBS) --target fuzzers
	@scripts/fuzz.sh build-fuzz $(FUZZ_SECONDS)

faults: deps
	$(call build,asan)
	@FAULTS_HISTORIES=$(FAULTS_HISTORIES) scripts/faults.sh build-asan

soak: deps
	$(call build,asan)
	@WALDO_SOAK_MINUTES=$(SOAK_MINUTES) WALDO_SOAK_PLOT=build-asan/soak.svg \
		build-asan/tests/linearizability.soak

lint: deps
	$(call build,clang)
	@scripts/lint.sh build-clang

format: deps
	@scripts/format.sh

golden: deps
	$(call build,asan)
	@tests/golden/run.sh --update protoc '$(CURDIR)/build-asan/bin/protoc-gen-waldo' '$(CURDIR)/proto'

install: deps
	$(call build,release)
	@DESTDIR='$(DESTDIR)' cmake --install build --prefix '$(PREFIX)'

clean:
	@rm -rf build build-asan build-tsan build-clang build-fuzz
