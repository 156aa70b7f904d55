# One JVM drives nearly all of the tools; starting one for each would take a second or two every time.
set -eu
exec java -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
  -Dorg.slf4j.simpleLogger.defaultLogLevel=off \
  -cp "$OTTLA_COMPAT_WORK/classes:$(cat "$OTTLA_COMPAT_KAFKA_CLASSPATH_FILE")" \
  ottla.compat.tools.Main
