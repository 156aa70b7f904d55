#!/bin/sh
# Installs confluent-kafka into an environment of this suite's own; quick when it is already there.
set -eu
VERSION=2.16.1
PYTHON="$OTTLA_COMPAT_WORK/bin/python"
"$PYTHON" -c "import confluent_kafka as c; assert c.__version__ == '$VERSION'" 2>/dev/null && exit 0
python3 -c "import ensurepip, venv" 2>/dev/null || { echo "python3 cannot make environments; install python3-venv" >&2; exit 1; }
python3 -m venv --clear "$OTTLA_COMPAT_WORK"
"$OTTLA_COMPAT_WORK/bin/pip" install --quiet --disable-pip-version-check "confluent-kafka==$VERSION"
