# The doors of the project; `make` lists them. What is longer than a few lines lives in scripts/.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo release test check sim e2e bench fmt clean-servers tools test-tools servers test-servers

# Where rustup puts cargo, for shells that read no profile.
export PATH := $(PATH):$(HOME)/.cargo/bin

# Continuous integration clones anew each time: a target folder outside the clone survives.
ifeq ($(CI),true)
export CARGO_TARGET_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/infra-ci-target
endif

TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
DEMO_STACK := stacks/event-api

# End-to-end tests run this binary, and add what they could not try, and why, to this file.
export INFRA_BIN := $(TARGET)/debug/infra
export INFRA_TEST_SKIPS := $(TARGET)/skipped-tests.txt

help: ## Lists what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: tools servers ## Installs, builds, and brings stacks/event-api up on this machine
	cargo build --release --package infra-cli --no-default-features --target-dir target
	@scripts/demo target/release/infra $(DEMO_STACK)

release: tools ## Builds the whole program, with AWS: target/release/infra, after ten minutes on two cores
	cargo build --release --package infra-cli --target-dir target

test: test-tools test-servers ## Runs every test, on real servers too
	cargo build --workspace --bins --tests
	@mkdir -p $(TARGET) && : > $(INFRA_TEST_SKIPS)
	cargo nextest run --workspace
	cargo test --doc --workspace
	@scripts/report-skips $(INFRA_TEST_SKIPS)

check: test-tools ## Formatting, lints, unit tests, architecture, dependencies: about a minute
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo nextest run --workspace --lib --bins
	cargo nextest run --package infra-tests --test tidy
	@scripts/check-dependencies

e2e: test-tools test-servers ## Runs the end-to-end tests alone; E2E=<text> picks some
	cargo build --workspace --bins --tests
	@mkdir -p $(TARGET) && : > $(INFRA_TEST_SKIPS)
	cargo nextest run --package infra-tests $(E2E)
	@scripts/report-skips $(INFRA_TEST_SKIPS)

sim: tools ## Simulates the whole engine; RUNS=<n> seeds, SEED=<n> replays one
	cargo run --release --package infra-tests --bin sim -- $(if $(SEED),--seed $(SEED),--runs $(or $(RUNS),10000) --all)

bench: tools servers ## Runs the benchmarks; scripts/bench-local compares with servers started by hand
	cargo bench --workspace
	cargo build --release --package infra-cli --no-default-features --target-dir target
	@scripts/bench-local target/release/infra

fmt: tools ## Formats the sources
	cargo fmt --all

clean-servers: ## Removes the installed servers; refused while one runs
	@scripts/install-servers --remove

tools:
	@scripts/install-tools build

test-tools:
	@scripts/install-tools test

servers: tools
	@scripts/install-servers

test-servers: tools
	@scripts/install-servers --for-tests
