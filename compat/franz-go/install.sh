#!/bin/sh
# Downloads the modules and builds the suite; both are quick when nothing has changed.
set -eu
cd "$(dirname "$0")"
go mod download
go build -trimpath -o ../.cache/franz-go/suite .
