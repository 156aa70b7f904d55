#!/bin/sh
# Installs Debian's kcat where it is missing; says in one line what it lacks otherwise.
set -eu
command -v kcat >/dev/null 2>&1 && exit 0
command -v apt-get >/dev/null 2>&1 || { echo "kcat is missing and there is no apt-get to install it with" >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo "kcat is missing; run as root: apt-get install kcat" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive
apt-get install -y -qq kcat >/dev/null 2>&1 || { apt-get update -qq && apt-get install -y -qq kcat >/dev/null; }
