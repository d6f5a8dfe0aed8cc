# Every target names what it needs and says what to install where it cannot.

SHELL := /bin/bash
.DEFAULT_GOAL := build
.PHONY: build demo test vet accuracy bench bench-long profile need-go need-nginx need-signers need-peers need-chromium need-isal

# Found wherever Go is commonly unpacked, so that a fresh shell works too.
export PATH := $(PATH):/usr/local/go/bin

# What a run spends its time on, for the compiler (https://go.dev/doc/pgo).
PROFILE := testdata/bench/analyze.pgo

# gzip is read with ISA-L where it is installed (Debian: libisal-dev), in a third of the time.
ISAL = $(shell pkg-config --exists libisal 2>/dev/null && echo -tags=isal)

# The commit is for builds that Go does not stamp: -buildvcs=false, another work tree.
build: need-go
	go build $(ISAL) -trimpath -pgo=$(PROFILE) -ldflags "-X main.commit=$(shell git rev-parse HEAD 2>/dev/null)" -o ipdrift .

demo: build
	./ipdrift analyze --key-file testdata/nginx/demo.key testdata/nginx/video-demo.log.gz

# Everything. testdata is not part of ./..., and holds tests of its own. By default Go
# gives up a package after ten minutes, which ./detect may need on a busy machine.
test: need-go need-nginx need-signers need-chromium need-isal
	IPDRIFT_REQUIRE_SIGNERS=1 IPDRIFT_REQUIRE_CHROMIUM=1 go test -timeout 30m ./... ./testdata/nginx/... ./testdata/bench/... ./testdata/accuracy/...
	cd token/lanes/gen && go test ./...
	[ -z "$(ISAL)" ] || go test $(ISAL) ./ingest/source

vet: need-go
	@unformatted="$$(gofmt -l .)"; if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	go vet ./... ./testdata/nginx/... ./testdata/bench/... ./testdata/accuracy/...
	[ -z "$(ISAL)" ] || go vet $(ISAL) ./ingest/source
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./... ./testdata/nginx/... ./testdata/bench/... ./testdata/accuracy/...

# How often it is right, on made-up logs whose truth is known: a table, and exit
# status 1 if a goal is missed. SEED makes other logs; SHOW=-v says what was wrong without a key and so on.
accuracy: need-go
	@go run ./testdata/accuracy $(if $(SEED),-seed $(SEED)) $(SHOW)

# ipdrift beside GoAccess, lnav, mawk and DuckDB's SQL on a made-up log, then
# the Go benchmarks (QUICK=1 leaves them out). LINES, ROUNDS and SEED say what
# is made; 2 million lines need 4 GB in TMPDIR.
bench: LINES ?= 200000
bench: ROUNDS ?= 3
bench: SEED ?= 1
bench: BENCHTIME ?= 100ms
bench: need-go need-peers need-isal
	@GOFLAGS="$$GOFLAGS $(ISAL)" go run ./testdata/bench pair -lines $(LINES) -rounds $(ROUNDS) -seed $(SEED)
	@[ -n "$(QUICK)" ] || go test -run '^$$' -bench . -benchtime $(BENCHTIME) -benchmem ./token/... ./ingest/... ./detect/...

# Makes the profile anew, after code that takes much time has changed.
profile: LINES ?= 1000000
profile: need-go
	IPDRIFT_BENCH_LINES=$(LINES) go test -trimpath -run '^$$' -bench 'Analyze/(plain|gcore|hostile)' -benchtime 3x -cpuprofile $(PROFILE) .
	@rm -f ipdrift.test

# Hours: LINES are loaded LOADS times, then STREAM lines go through a pipe.
bench-long: LINES ?= 2000000
bench-long: LOADS ?= 300
bench-long: STREAM ?= 100000000
bench-long: SEED ?= 1
bench-long: need-go need-isal
	@GOFLAGS="$$GOFLAGS $(ISAL)" go run ./testdata/bench soak -lines $(LINES) -rounds $(LOADS) -seed $(SEED)
	@GOFLAGS="$$GOFLAGS $(ISAL)" go run ./testdata/bench stream -lines $(STREAM) -seed $(SEED)

need-go:
	@command -v go >/dev/null || { echo "ipdrift is built with Go 1.21 or newer: install it from https://go.dev/dl/ or your distribution (Debian: apt-get install golang-go) and run make again."; exit 1; }
	@command -v g++ >/dev/null || command -v clang++ >/dev/null || { echo "DuckDB is linked through cgo, which needs a C and C++ compiler: install them (Debian: apt-get install g++; macOS: xcode-select --install) and run make again."; exit 1; }

# Nobody must have it: a build without is only slower.
need-isal:
	@pkg-config --exists libisal 2>/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || { \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libisal-dev pkg-config >/dev/null || true; }

# The signing code that explain prints is run in its own languages.
need-signers:
	@missing=""; command -v php >/dev/null || missing="$$missing php-cli"; command -v node >/dev/null || missing="$$missing nodejs"; command -v python3 >/dev/null || missing="$$missing python3"; \
	[ -z "$$missing" ] || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	  else \
	    echo "the tests run signing code in PHP, Python and Node: install$$missing"; exit 1; \
	  fi; }

# The HTML report is opened in a real browser. IPDRIFT_SCREENSHOTS=DIR keeps pictures.
need-chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; \
	  else \
	    echo "the tests open the HTML report in a browser: install chromium (Debian: apt-get install chromium)"; exit 1; \
	  fi; }

need-peers:
	@missing=""; for tool in goaccess lnav mawk; do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	[ -z "$$missing" ] || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	  else \
	    echo "the benchmarks run other tools on the same log: install$$missing (Debian: apt-get install$$missing)"; exit 1; \
	  fi; }

need-nginx:
	@command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nginx-light >/dev/null; \
	  else \
	    echo "the tests compare with a real nginx: install one with the modules secure_link and realip (Debian: apt-get install nginx-light)"; exit 1; \
	  fi; }
