# `make` or `make help` lists the targets.

# Without git, or without a commit, the version is "dev".
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)

# Go's own stamp is left out: it needs a git that trusts this folder's owner.
BUILD := -buildvcs=false -ldflags '$(LDFLAGS)'

# No cgo anywhere: the C resolver takes spellings such as 0x7f.1 for loopback
# addresses. One setting for build, vet and test also lets them share Go's
# build cache, and the embedded Temporal server takes minutes to compile.
export CGO_ENABLED := 0

# What Godwit never uses is left out: of the embedded Temporal server Kubernetes's client
# (release) and the discovery of Google's services (disable_grpc_modules), of Gin
# MessagePack (nomsgpack). So is what debuggers read, which no binary keeps. The same for
# build, vet and test, as above.
export TAGS := release,disable_grpc_modules,nomsgpack
export GOFLAGS := $(strip $(GOFLAGS) -tags=$(TAGS) -gcflags=all=-dwarf=false)

# Clouds and databases that the Temporal server knows and Godwit never uses can't be left
# out; compiled without inlining they take two thirds of the time.
UNUSED := github.com/aws/... modernc.org/... cloud.google.com/... github.com/olivere/...

# Two packages at a time, each with up to four parallel tests: more than two
# cores can carry makes tests wait for one another until they time out.
TEST_FLAGS ?= -count=1 -vet=off -timeout=60m -p=2 -parallel=4

# A count, since Go 1.26 may fail a run that ends by time (golang/go#75804).
FUZZ_RUNS ?= 100000

SOAK_TIME ?= 10m

# The linters, pinned. `go run` builds them once and keeps them in Go's cache.
WORKFLOWCHECK := go run go.temporal.io/sdk/contrib/tools/workflowcheck@v0.6.0
GOLANGCI      := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# Where scripts/setup puts a Node.js when the machine's is too old.
export PATH := $(CURDIR)/.tools/node_modules/.bin:$(PATH)

# The linter of the OpenAPI document says nothing of its use to its makers.
export REDOCLY_TELEMETRY := off
export REDOCLY_SUPPRESS_UPDATE_NOTICE := true

.DEFAULT_GOAL := help

# Prerequisites run in the order in which they are written.
.NOTPARALLEL:

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^##@ / { print "\n" substr($$0, 5) } \
		/^[a-z][a-z-]*:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Run

.PHONY: up
up: setup-up build ## Build and run everything in one process; Ctrl-C stops it
	@exec scripts/foreground bin/godwit-standalone

# As root on Debian these install what is missing; elsewhere they list it.
.PHONY: setup-up
setup-up:
	@scripts/setup up

.PHONY: setup-test
setup-test:
	@scripts/setup test

.PHONY: build
build: web ## Build the web app, bin/godwit and bin/godwit-standalone
	@[ -e bin/godwit-standalone ] || echo "building: the first time takes minutes, it compiles a Temporal server"
	@scripts/build cmd/godwit $(BUILD) -o ../../bin/godwit .
	@scripts/build standalone $(BUILD) $(UNUSED:%=-gcflags="%=-l -dwarf=false") -o ../bin/godwit-standalone .

# For people's own machines: it starts in a moment and has nothing of the server.
.PHONY: client
client: ## Build bin/godwit-client, the command line without the server
	go build $(BUILD) -tags=$(TAGS),client -o bin/godwit-client ./cmd/godwit

.PHONY: dist
dist: web ## Build a release to dist/: binaries of each platform, SBOMs, checksums
	@scripts/dist $(VERSION) $(PLATFORMS)

.PHONY: web
web: ## Build the web app alone, when its sources changed
	@scripts/web

##@ Check

.PHONY: test
test: setup-test build e2e/clients/node_modules clients/typescript/node_modules examples/node/node_modules ## Run every test; a test that can't run fails
	@scripts/test $(TEST_FLAGS)

.PHONY: proofs
proofs: setup-test build ## Break each part of the production shape, and write what followed to docs/guarantees.md; needs root
	GODWIT_PROOFS=1 GODWIT_TEST_REQUIRE=1 go test ./e2e -run '^TestProofs_NothingIsLost$$' -count=1 -vet=off -timeout=60m -v

.PHONY: soak
soak: setup-test build ## Send events for SOAK_TIME (10m), and write whether anything grew to docs/guarantees.md
	GODWIT_SOAK=$(SOAK_TIME) GODWIT_TEST_REQUIRE=1 go test ./e2e -run '^TestSoak_NothingGrows$$' -count=1 -vet=off -timeout=60m -v

.PHONY: fresh-machine
fresh-machine: ## Run make up and make test in a bare Debian (RELEASE=bookworm); needs root
	@scripts/fresh-machine $(RELEASE)

.PHONY: fuzz
fuzz: ## Run every fuzz target with FUZZ_RUNS (100,000) inputs, one after another
	@scripts/fuzz $(FUZZ_RUNS)

.PHONY: vuln
vuln: ## Look for known vulnerabilities that the code reaches
	@scripts/vuln

.PHONY: bench
bench: build-bench ## Run the benchmarks; BENCH_FLAGS are handed on
	bin/bench $(BENCH_FLAGS)

.PHONY: build-bench
build-bench: build
	go -C bench build -o ../bin/bench .

# What bench-check compares: the sections that the floor belongs to.
BENCH_SECTIONS := floor,latency,sustained,fanout,burst

.PHONY: bench-check
bench-check: build-bench ## Fail when a ratio to the floor is a quarter worse than the baseline
	bin/bench -only $(BENCH_SECTIONS) -check bench/baseline.json $(BENCH_FLAGS)

.PHONY: bench-baseline
bench-baseline: build-bench ## Measure bench/baseline.json anew: the median of five runs
	bin/bench -only $(BENCH_SECTIONS) -runs 5 -save bench/baseline.json $(BENCH_FLAGS)

.PHONY: lint
lint: setup-test openapi web api/lint/node_modules ## Run every static check
	@unformatted=$$(git ls-files -z --cached --others --exclude-standard --deduplicate -- '*.go' | xargs -0 ls -d 2>/dev/null | xargs gofmt -l); \
		if [ -n "$$unformatted" ]; then echo "not formatted (gofmt -w):"; echo "$$unformatted"; exit 1; fi
	bash -n .ci/run scripts/*
	go mod tidy -diff
	cd standalone && go mod tidy -diff
	cd bench && go mod tidy -diff
	cd e2e/clients/go && go mod tidy -diff
	cd deploy/check && go mod tidy -diff
	$(WORKFLOWCHECK) ./workflows/...
	$(GOLANGCI) run ./...
	cd standalone && $(GOLANGCI) run ./...
	cd bench && $(GOLANGCI) run ./...
	scripts/lint-breaches $(GOLANGCI)
	cd web && npm run --silent check
	api/lint/node_modules/.bin/redocly lint --config api/lint/redocly.yaml bin/openapi.json
	api/lint/node_modules/.bin/spectral lint --ruleset api/lint/spectral.yaml --fail-severity=hint --quiet bin/openapi.json

.PHONY: openapi
openapi: ## Write the OpenAPI document to bin/openapi.json
	@go build -buildvcs=false -ldflags '-s -w' -o bin/openapi ./api/openapi
	@bin/openapi >bin/openapi.json

# The linters of the OpenAPI document, the generators of clients for it, and what the
# examples and the client in TypeScript stand on.
api/lint/node_modules e2e/clients/node_modules clients/typescript/node_modules examples/node/node_modules: %/node_modules: %/package-lock.json
	cd $* && npm ci --no-audit --no-fund --ignore-scripts
	@touch $@

##@ Make again what is checked in

.PHONY: histories
histories: build ## Record the workflow histories that the replay test reads
	go test ./e2e -run TestRecordHistories -count=1 -record

.PHONY: schema
schema: ## Dump schema/schema.sql from the migrations
	go test ./schema -run TestDump -count=1 -update

# The generators are pinned in e2e/clients/go/go.mod and clients/typescript/package.json.
.PHONY: clients
clients: clients/typescript/node_modules ## Generate the clients in Go and TypeScript from the OpenAPI document
	go test ./api/openapi -run TestClients -count=1 -vet=off -update

.PHONY: cli
cli: ## Write the commands into docs/cli.md
	go test ./cmd/godwit -run TestDocs -count=1 -vet=off -update

.PHONY: screenshots
screenshots: build ## Take a picture of each page of the web app, to bin/screenshots, and those of README
	@mkdir -p bin/screenshots docs/img
	GODWIT_SHOTS=$(CURDIR)/bin/screenshots go test ./e2e -run '^TestWeb_Pages$$' -vet=off -count=1 -timeout=30m
	cp bin/screenshots/readme-webhooks.png docs/img/webhooks.png
	cp bin/screenshots/readme-delivery.png docs/img/delivery.png

.PHONY: tidy
tidy: ## Format, and tidy the modules
	gofmt -w $$(git ls-files --cached --others --exclude-standard -- '*.go')
	go mod tidy
	cd standalone && go mod tidy
	cd bench && go mod tidy

.PHONY: clean
clean: ## Remove what was built; .godwit/ (data) stays
	rm -rf bin
