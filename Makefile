# make check and make test are the whole gate; CI runs them and make image (.ci/run).

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
GO ?= go
FUZZTIME ?= 10s
PACKAGES := ./...
TOOLS := ./.ci/report
# The race detector needs a C compiler; without one the tests run without it, and say so. Asked when it is needed, because
# make deps may install one.
RACE = $(shell command -v $$($(GO) env CC) >/dev/null 2>&1 && [ "$$($(GO) env CGO_ENABLED)" = 1 ] && echo -race)

.PHONY: help all build check test deps fmt vet staticcheck tidy arch fuzz image bench

help: ## this list
	@echo "make TARGET, where TARGET is one of"
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  \1\t\2/p' Makefile | expand -t 14
	@echo "go test ./... alone needs nothing but Go, and skips visibly what it can't do."

all: check test ## check and test: the whole gate

build: ## dist/fedbridge, the static binary
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o dist/fedbridge ./cmd/fedbridge

check: fmt vet staticcheck tidy arch fuzz ## all that isn't a test: format, vet, staticcheck, tidy, architecture, fuzz

test: deps ## deps, then every test, with the race detector; FEDBRIDGE_TEST_REQUIRE=all forbids skipping
	@[ -n "$(RACE)" ] || { echo "no C compiler: the tests run without the race detector"; [ "$$FEDBRIDGE_TEST_REQUIRE" != all ]; }
	$(GO) test -json $(RACE) -timeout 10m $(PACKAGES) | $(GO) run ./.ci/report

deps: ## say what the full test suite needs besides Go, and install it where that is possible
	@.ci/deps

fmt: ## gofmt finds nothing to change
	@out=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "gofmt would change:"; echo "$$out"; exit 1; }

vet: ## go vet
	$(GO) vet $(PACKAGES) $(TOOLS)

staticcheck: ## staticcheck, of the version in go.mod
	$(GO) tool staticcheck $(PACKAGES) $(TOOLS)

tidy: ## go.mod and go.sum are complete, and nothing in them was changed since it was downloaded
	$(GO) mod tidy -diff
	$(GO) mod verify

arch: ## which package may import which, and floors of versions
	$(GO) test -run 'TestArchitecture|TestKits|TestFloors' ./cmd/fedbridge

fuzz: ## every fuzz target for FUZZTIME (10s)
	@FUZZTIME=$(FUZZTIME) GO=$(GO) .ci/fuzz

image: ## the image; without a container engine, its build steps and what it promises
	@GO=$(GO) .ci/image

bench: ## the table of figures in README; .ci/bench --update writes it there
	@GO=$(GO) .ci/bench
