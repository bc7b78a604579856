#!/bin/sh
# Builds the pinned actionlint into .venv/bin, with the Go that the local fleet is built with.
set -eu
cd "$(dirname "$0")"
target=$PWD/../../.venv/bin
go=$("$target/python" -c 'import sys; from berth.local.build import go_command; sys.stdout.write(go_command())')
CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off \
    "$go" build -trimpath -buildvcs=false -o "$target/actionlint" github.com/rhysd/actionlint/cmd/actionlint
