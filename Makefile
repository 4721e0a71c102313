# make check and make test are the whole gate; CI runs exactly these two.

SHELL := /bin/bash
GO ?= go
FUZZTIME ?= 10s
PACKAGES := ./...
# The race detector needs a C compiler; without one the tests run without it, and say so.
RACE := $(shell command -v gcc >/dev/null 2>&1 && [ "$$($(GO) env CGO_ENABLED)" = 1 ] && echo -race)

.PHONY: all build check test deps fmt vet staticcheck tidy fuzz image bench

all: check test

build: ## dist/fedbridge, static
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o dist/fedbridge ./cmd/fedbridge

check: fmt vet staticcheck tidy arch fuzz ## everything but the tests

fmt:
	@out=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "gofmt would change:"; echo "$$out"; exit 1; }

vet:
	$(GO) vet $(PACKAGES)

staticcheck:
	$(GO) tool staticcheck $(PACKAGES)

tidy:
	$(GO) mod tidy -diff
	$(GO) mod verify

.PHONY: arch
arch: ## which package may import which
	$(GO) test -run 'TestArchitecture|TestKits|TestFloors' ./cmd/fedbridge

fuzz: ## $(FUZZTIME) of every fuzz target
	@FUZZTIME=$(FUZZTIME) GO=$(GO) .ci/fuzz

deps: ## what the full suite needs; installs it where it can
	@.ci/deps

test: deps
	@[ -n "$(RACE)" ] || echo "no C compiler: the tests run without the race detector"
	$(GO) test $(RACE) -timeout 15m $(PACKAGES)

bench: ## the figures in README
	@.ci/bench

image: ## the image's build steps, with an engine where there is one, without where there is none
	@.ci/image
