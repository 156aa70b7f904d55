# Compiles the suite against Apache Kafka's own jars unless nothing has changed since the last time.
set -eu
classes="$OTTLA_COMPAT_WORK/classes"
harness=../clients/src/main/java
if [ -e "$classes/built" ] && [ -z "$(find src "$harness/ottla/compat/harness" -newer "$classes/built")" ]; then exit 0; fi
rm -rf "$classes"
mkdir -p "$classes"
javac -proc:none -Xlint:all,-classfile,-path --release 17 -d "$classes" -sourcepath "src:$harness" \
  -cp "$(cat "$OTTLA_COMPAT_KAFKA_CLASSPATH_FILE")" src/ottla/compat/tools/*.java
touch "$classes/built"
