#!/bin/sh
# older-libstdcxx.sh LIBRARY: lets TorchSharp's native library load where the system's libstdc++ is older than GCC 13's (Debian 12, Ubuntu 22.04).
# The library names the version GLIBCXX_3.4.32 for one symbol that nothing in it refers to. That need is marked weak (vna_flags = VER_FLG_WEAK behind the
# name's ELF hash) in the build output's own copy; where the version is there, a weak need changes nothing.
set -eu
[ -f "$1" ] || exit 0
at=$(LC_ALL=C grep -obUaP '\x42\xf8\x97\x02\x00\x00' "$1" | head -n 1 | cut -d : -f 1)
[ -n "$at" ] || exit 0
# A link into the package cache must not be written through; the same time and size keep the next build from copying it again.
cp -p "$1" "$1.new"
chmod u+w "$1.new"
printf '\002' | dd of="$1.new" bs=1 seek=$((at + 4)) conv=notrunc 2>/dev/null
touch -r "$1" "$1.new"
mv -f "$1.new" "$1"
