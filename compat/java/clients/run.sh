# One JVM for the whole suite; members that must be killed run in JVMs of their own with the same class path.
set -eu
exec java -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
  -Dorg.slf4j.simpleLogger.defaultLogLevel=error \
  -cp "$OTTLA_COMPAT_WORK/target/classes:$OTTLA_COMPAT_WORK/target/lib/*" \
  ottla.compat.clients.Main
