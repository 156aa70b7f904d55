#!/bin/sh
# Installs confluent-kafka into an environment of its own beside the suites; quick when it is already there.
set -eu
VERSION=2.16.1
ENVIRONMENT="$(cd "$(dirname "$0")/.." && pwd)/.cache/confluent-python"
"$ENVIRONMENT/bin/python" -c "import confluent_kafka as c; assert c.__version__ == '$VERSION'" 2>/dev/null && exit 0
python3 -c "import ensurepip, venv" 2>/dev/null || { echo "python3 cannot make environments; install python3-venv" >&2; exit 1; }
python3 -m venv --clear "$ENVIRONMENT"
"$ENVIRONMENT/bin/pip" install --quiet --disable-pip-version-check "confluent-kafka==$VERSION"
