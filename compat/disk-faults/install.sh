#!/bin/sh
# Compiles the library that makes file calls fail; quick when it is up to date.
set -eu
LIBRARY="$OTTLA_COMPAT_WORK/failing-disk.so"
if [ ! "$LIBRARY" -nt failing-disk.c ]; then
  gcc -std=c11 -O2 -Wall -Wextra -Werror -shared -fPIC -o "$LIBRARY.new" failing-disk.c -ldl -lpthread
  mv "$LIBRARY.new" "$LIBRARY"
fi
