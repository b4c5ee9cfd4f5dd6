#!/usr/bin/env bash
# Fetches the CUDA compiler pieces that need no GPU, for the compile gate. See --help.
set -euo pipefail

readonly SUITE=trixie
readonly COMPONENT=non-free
readonly PACKAGES=(libnvrtc12 libnvrtc-builtins12.4 nvidia-cuda-toolkit)
readonly TOOLS=(ptxas cuobjdump nvdisasm fatbinary)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly target=${TERCET_CUDA_TOOLS:-$here/../.cache/cuda-tools}
work=''

usage() {
    cat <<'HELP'
Usage: native/toolchain.sh [--help]

Fetches by package name, with apt-get and signatures checked, and keeps in .cache/cuda-tools (git ignores it):
  lib/libnvrtc.so.12     NVRTC 12.4: CUDA C++ to machine code, with no headers, host compiler or GPU   (Debian trixie non-free: libnvrtc12)
  bin/ptxas, cuobjdump, nvdisasm, fatbinary                                                           (nvidia-cuda-toolkit)
105 MB are downloaded, once. Nothing is installed. NVIDIA's licence for these files is theirs; none of them goes into this repository.

Environment:
  TERCET_CUDA_TOOLS   the folder to keep them in

Exit status: 0 everything is there, 1 something could not be fetched, 2 wrong usage.
HELP
}

fail() {
    printf 'toolchain: %s\n' "$@" >&2
    exit 1
}

complete() {
    [ -f "$target/lib/libnvrtc.so.12" ] || return 1
    local tool
    for tool in "${TOOLS[@]}"; do [ -x "$target/bin/$tool" ] || return 1; done
}

# The mirror that this machine's own Debian packages come from.
mirror() {
    apt-get indextargets --format '$(SITE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null | awk '$2 == "main" && $1 ~ /debian\/?$/ { print $1; exit }'
}

main() {
    case "${1:-}" in
    '') ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
    esac
    complete && exit 0
    [ "$(uname -s) $(uname -m)" = 'Linux x86_64' ] || fail 'these packages are for x86-64 Linux.'
    command -v apt-get >/dev/null && command -v dpkg >/dev/null || fail 'apt-get and dpkg are not there (this is no Debian or Ubuntu).'

    local site keys=/usr/share/keyrings/debian-archive-keyring.gpg
    site=$(mirror)
    [ -n "$site" ] || fail 'no Debian archive is among the package sources of this machine.'
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work/parts" "$work/lists/partial" "$work/cache/archives/partial"
    [ -f "$keys" ] || keys=''
    printf 'deb [arch=amd64%s] %s %s %s\n' "${keys:+ signed-by=$keys}" "$site" "$SUITE" "$COMPONENT" >"$work/parts/$SUITE.list"
    local options=(-qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/parts" -o "Dir::State::lists=$work/lists"
        -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
    apt-get "${options[@]}" update >"$work/log" 2>&1 || fail "apt-get could not read $SUITE/$COMPONENT: $(grep -m 1 '^[EW]:' "$work/log" || echo 'it gave no reason')"
    (cd "$work" && apt-get "${options[@]}" download "${PACKAGES[@]}") >"$work/log" 2>&1 ||
        fail "apt-get could not fetch ${PACKAGES[*]}: $(grep -m 1 '^[EW]:' "$work/log" || echo 'it gave no reason')"
    local package
    for package in "$work"/*.deb; do dpkg -x "$package" "$work/files"; done
    mkdir -p "$work/done/lib" "$work/done/bin"
    cp -P "$work"/files/usr/lib/x86_64-linux-gnu/libnvrtc* "$work/done/lib/"
    local tool
    for tool in "${TOOLS[@]}"; do cp "$work/files/usr/bin/$tool" "$work/done/bin/"; done
    mkdir -p "$(dirname "$target")"
    rm -rf "$target"
    mv "$work/done" "$target"
    complete || fail 'the packages do not hold what was expected.'
}

main "$@"
