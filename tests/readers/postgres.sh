#!/usr/bin/env bash
# Runs a command beside PostgreSQL 17 with pgvector as Debian 13 ships them, in a folder of their own: bash tests/readers/postgres.sh dotnet test tests/Tercet.Gallery.Tests -c Release --filter ExportTests
# TERCET_POSTGRES is the connection string. Needs root and debootstrap; nothing of it stays running.
set -euo pipefail

[ $# -gt 0 ] || { sed -n '2,3p' "$0" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo 'postgres.sh: debootstrap and chroot need root' >&2; exit 1; }
command -v debootstrap >/dev/null || { echo 'postgres.sh: debootstrap is not installed (apt-get install debootstrap)' >&2; exit 1; }

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/artifacts/trixie
port=${TERCET_POSTGRES_PORT:-54317}
bin=/usr/lib/postgresql/17/bin
if [ ! -e "$root/ready" ]; then
    rm -rf "$root"
    mkdir -p "$root"
    debootstrap --variant=minbase --include=postgresql-17,postgresql-17-pgvector trixie "$root" "${TERCET_DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$root.log" 2>&1 || { tail -n 20 "$root.log" >&2; exit 1; }
    touch "$root/ready"
fi

inside() { chroot "$root" /sbin/runuser -u postgres -- "$@"; }

rm -rf "$root/database"
install -d -m 700 "$root/database"
chroot "$root" chown postgres /database
inside "$bin/initdb" -D /database --auth=trust --encoding=UTF8 --locale=C >/dev/null
stop() { inside "$bin/pg_ctl" -D /database -m immediate stop >/dev/null; }
trap stop EXIT
inside "$bin/pg_ctl" -D /database -w -l /database/log -o "-p $port -h 127.0.0.1 -c unix_socket_directories= -c dynamic_shared_memory_type=mmap" start >/dev/null || { cat "$root/database/log" >&2; exit 1; }
export TERCET_POSTGRES="Host=127.0.0.1;Port=$port;Username=postgres;Database=postgres;SSL Mode=Disable"
inside "$bin/psql" -h 127.0.0.1 -p "$port" -Atc 'SELECT version()' postgres
"$@"
