# Compiles the suite unless nothing has changed since the last time.
set -eu
stamp="$OTTLA_COMPAT_WORK/target/built"
if [ -e "$stamp" ] && [ -z "$(find pom.xml src -newer "$stamp")" ]; then exit 0; fi
mvn -q -B compile dependency:copy-dependencies
touch "$stamp"
