# Every target names what it needs and says what to install where it cannot.

SHELL := /bin/bash
.DEFAULT_GOAL := build
.PHONY: build demo test vet bench need-go need-nginx need-signers

# Found wherever Go is commonly unpacked, so that a fresh shell works too.
export PATH := $(PATH):/usr/local/go/bin

build: need-go
	go build -trimpath -o ipdrift .

demo: build
	./ipdrift analyze --key-file testdata/nginx/demo.key testdata/nginx/video-demo.log.gz

# Everything. testdata is not part of ./..., and holds tests of its own.
test: need-go need-nginx need-signers
	IPDRIFT_REQUIRE_SIGNERS=1 go test ./... ./testdata/nginx/...
	cd token/lanes/gen && go test ./...

vet: need-go
	@unformatted="$$(gofmt -l .)"; if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	go vet ./... ./testdata/nginx/...
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./... ./testdata/nginx/...

bench: need-go
	go test -run '^$$' -bench . -benchmem ./token/... ./ingest/... ./detect/...

need-go:
	@command -v go >/dev/null || { echo "ipdrift is built with Go 1.21 or newer: install it from https://go.dev/dl/ or your distribution (Debian: apt-get install golang-go) and run make again."; exit 1; }
	@command -v g++ >/dev/null || command -v clang++ >/dev/null || { echo "DuckDB is linked through cgo, which needs a C and C++ compiler: install them (Debian: apt-get install g++; macOS: xcode-select --install) and run make again."; exit 1; }

# The signing code that explain prints is run in its own languages.
need-signers:
	@missing=""; command -v php >/dev/null || missing="$$missing php-cli"; command -v node >/dev/null || missing="$$missing nodejs"; command -v python3 >/dev/null || missing="$$missing python3"; \
	[ -z "$$missing" ] || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	  else \
	    echo "the tests run signing code in PHP, Python and Node: install$$missing"; exit 1; \
	  fi; }

need-nginx:
	@command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nginx-light >/dev/null; \
	  else \
	    echo "the tests compare with a real nginx: install one with the modules secure_link and realip (Debian: apt-get install nginx-light)"; exit 1; \
	  fi; }
