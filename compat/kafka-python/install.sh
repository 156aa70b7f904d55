#!/bin/sh
# Installs kafka-python with its codecs, and 2.0.2 beside it, each into an environment of its own.
# The old release guesses the broker's version from what it advertises, which is why it is kept here.
set -eu
CACHE="$(cd "$(dirname "$0")/.." && pwd)/.cache"

install() {
  environment="$CACHE/$1"
  version="$2"
  shift 2
  "$environment/bin/python" -c "import kafka; assert kafka.__version__ == '$version'" 2>/dev/null && return 0
  python3 -c "import ensurepip, venv" 2>/dev/null || { echo "python3 cannot make environments; install python3-venv" >&2; exit 1; }
  python3 -m venv --clear "$environment"
  "$environment/bin/pip" install --quiet --disable-pip-version-check "kafka-python==$version" "$@"
}

install kafka-python 3.0.12 crc32c==2.9.post0 lz4==4.4.5 python-snappy==0.7.3 zstandard==0.25.0
install kafka-python-2.0.2 2.0.2
