#!/usr/bin/env bash
# Builds everything and runs every test: managed, native, NativeAOT, packages. The last line printed is the total; the exit status is 0
# only when nothing failed. Needs the .NET SDK; what needs a C or C++ compiler, cmake or npm is skipped, and said, where they are missing.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_UI_LANGUAGE=en
# Build nodes that outlive the script would hold files and memory of the machine that ran it.
export MSBUILDDISABLENODEREUSE=1

out=artifacts/tests
rm -rf "$out" && mkdir -p "$out"

passed=0 failed=0 skipped=0
failures=()

have() { command -v "$1" >/dev/null 2>&1; }

report() { printf '%-8s %s\n' "$1" "$2"; }

pass() { passed=$((passed + 1)); report pass "$1"; }

skip() { skipped=$((skipped + 1)); report skip "$1"; }

fail() {
    failed=$((failed + 1))
    failures+=("$1")
    report FAIL "$1"
}

# run NAME COMMAND...: runs quietly, shows the log's end when it fails, and gives back the status.
run() {
    local name=$1 log status start=$SECONDS
    shift
    log="$out/$(printf '%s' "$name" | tr -c 'A-Za-z0-9' '-').log"
    "$@" >"$log" 2>&1
    status=$?
    report "$((SECONDS - start)) s" "$name"
    [ "$status" -eq 0 ] || tail -n 60 "$log" | sed 's/^/    /'
    return "$status"
}

# check NAME COMMAND...: the same, counted as one test.
check() {
    if run "$@"; then pass "$1"; else
        fail "$1 (exit status $?)"
        return 1
    fi
}

finish() {
    local each
    for each in "${failures[@]+"${failures[@]}"}"; do echo "failed: $each"; done
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
    exit
}

# add NAME PASSED FAILED SKIPPED: adds a test runner's own totals.
add() {
    report total "$1: $2 passed, $3 failed, $4 skipped"
    passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
    [ "$3" -eq 0 ] || failures+=("$1: $3 of $(($2 + $3 + $4))")
}

# managed_tests NAME PROJECT: runs one test project and adds its totals.
managed_tests() {
    local name=$1 trx="$out/${2##*/}.trx" totals
    run "$name" dotnet test "$2" -c Release --no-build --logger "trx;LogFileName=${trx##*/}" --results-directory "$out"
    local status=$?
    # In a trx file a skipped test is one that was not executed; its other counters leave it out.
    totals=$(tr '\n' ' ' <"$trx" 2>/dev/null | grep -o '<Counters [^>]*>' | awk '{
        for (i = 1; i <= NF; i++) if (split($i, pair, "=") == 2) { gsub(/[^0-9]/, "", pair[2]); count[pair[1]] = pair[2] }
        print count["passed"] + 0, count["executed"] - count["passed"], count["total"] - count["executed"] }')
    if [ -z "$totals" ]; then
        fail "$name: no results (exit status $status)"
        return
    fi
    # shellcheck disable=SC2086
    set -- $totals
    add "$name" "$1" "$2" "$3"
    [ $(($1 + $2)) -gt 0 ] || fail "$name: none was run"
    [ "$status" -eq 0 ] || [ "$2" -gt 0 ] || fail "$name: exit status $status with no failed test; the run was cut short"
    [ "$3" -eq 0 ] || skipped_reasons "$trx"
}

# Why each managed test was skipped, one line a reason.
skipped_reasons() {
    tr '\n' ' ' <"$1" | sed 's/<UnitTestResult /\n&/g' | grep 'outcome="NotExecuted"' | sed -n 's/.*<Message>\([^<]*\)<.*/\1/p' | sort | uniq -c | sed 's/^/    skipped: /'
}

native_tests() {
    if ! have cmake; then
        skip "native tests: cmake is not installed"
        return
    fi
    if ! have c++ && ! have g++ && ! have clang++; then
        skip "native tests: there is no C++ compiler"
        return
    fi
    local generator=()
    ! have make && have ninja && generator=(-G Ninja)
    check "native configure" cmake -S . -B artifacts/native "${generator[@]+"${generator[@]}"}" || return
    # Without a number make starts every compiler at once, and the tests run one after the other.
    local processors
    processors=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
    check "native build" cmake --build artifacts/native --parallel "$processors" || return
    run "native tests" ctest --test-dir artifacts/native --parallel "$processors" --output-on-failure --output-junit "$PWD/$out/native.xml"
    local status=$? ok bad left
    ok=$(grep -o '<testcase [^>]*status="run"' "$out/native.xml" 2>/dev/null | wc -l)
    bad=$(grep -o '<testcase [^>]*status="fail"' "$out/native.xml" 2>/dev/null | wc -l)
    left=$(grep -o '<testcase [^>]*status="\(notrun\|disabled\)"' "$out/native.xml" 2>/dev/null | wc -l)
    add "native tests" "$ok" "$bad" "$left"
    [ $((ok + bad)) -gt 0 ] || fail "native tests: none was run"
    [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || fail "native tests: exit status $status with no failed test"
}

assets() {
    if [ ! -f bench/assets.sh ]; then
        report note "bench/assets.sh is not there: tests on real faces are skipped"
    elif ! run "fetch the model and the faces" bash bench/assets.sh; then
        report note "the model or the faces could not be fetched: tests on real faces are skipped"
    fi
}

# Programs that read what is exported: PostgreSQL with pgvector and DuckDB, in the versions of the lock file, which has their checksums.
readers() {
    local folder=artifacts/readers
    if ! have npm; then
        report note "npm is not installed: tests with PostgreSQL and DuckDB are skipped"
        return
    fi
    mkdir -p "$folder" && cp tests/readers/* "$folder"
    cmp -s tests/readers/package-lock.json "$folder/installed" && return
    if run "fetch PostgreSQL and DuckDB" npm ci --prefix "$folder" --no-audit --no-fund; then
        cp tests/readers/package-lock.json "$folder/installed"
    else
        report note "they could not be fetched: tests with PostgreSQL and DuckDB are skipped"
    fi
}

# Six rows of two columns and their labels, written with no tool but printf: 0, 1, 2, 4 and −1 as little-endian float32.
smoke_input() {
    local header="{'descr': '<f4', 'fortran_order': False, 'shape': (6, 2), }"
    local zero='\x00\x00\x00\x00' one='\x00\x00\x80\x3f' two='\x00\x00\x00\x40' four='\x00\x00\x80\x40' minus='\x00\x00\x80\xbf'
    {
        printf '\x93NUMPY\x01\x00\x76\x00'
        printf '%-117s\n' "$header"
        printf "$zero$one$one$two$four$minus$two$two$minus$minus$four$zero"
    } >"$1/embeddings.npy"
    printf 'a\na\nb\nb\na\nb\n' >"$1/labels.txt"
}

# The same command by both builds must write the same bytes.
smoke_mine() {
    local native=$1 managed=$2 work=$3 kind=$4
    local arguments=(--embeddings "$work/embeddings.npy" --labels "$work/labels.txt" --rule semi-hard --fallback hardest --margin 0.2)
    "$native" mine "${arguments[@]}" --out "$work/native.$kind" || return
    dotnet "$managed" mine "${arguments[@]}" --out "$work/managed.$kind" || return
    [ -s "$work/native.$kind" ] || { echo "nothing was written to $work/native.$kind"; return 1; }
    cmp "$work/native.$kind" "$work/managed.$kind"
}

# And the same gallery, exported by both.
smoke_export() {
    local native=$1 managed=$2 work=$3 kind
    rm -rf "$work/gallery"
    "$native" index import --gallery "$work/gallery" --embeddings "$work/embeddings.npy" --labels "$work/labels.txt" || return
    for kind in parquet csv; do
        "$native" index export --gallery "$work/gallery" --out "$work/native.$kind" || return
        dotnet "$managed" index export --gallery "$work/gallery" --out "$work/managed.$kind" || return
        [ -s "$work/native.$kind" ] || { echo "nothing was written to $work/native.$kind"; return 1; }
        cmp "$work/native.$kind" "$work/managed.$kind" || return
    done
}

aot() {
    local linker=() rid binary managed=src/Tercet.Cli/bin/Release/net10.0/Tercet.Cli.dll
    if ! have clang; then
        if ! have gcc; then
            skip "NativeAOT: neither clang nor gcc is installed"
            return
        fi
        linker=(-p:CppCompilerAndLinker=gcc)
    fi
    have objcopy || linker+=(-p:StripSymbols=false)
    rid=$(dotnet --info | awk '$1 == "RID:" { print $2; exit }')
    # Its own artifacts path: a publish for one RID would otherwise rewrite the restore that the other steps use.
    # The build above has analysed the same sources.
    check "NativeAOT publish ($rid)" dotnet publish src/Tercet.Cli -c Release -r "$rid" -p:PublishAot=true -p:RunAnalyzers=false "${linker[@]+"${linker[@]}"}" \
        --artifacts-path "$PWD/artifacts/aot" -o "$PWD/artifacts/aot/publish" || return
    binary=artifacts/aot/publish/tercet
    [ -f "$binary" ] || binary=$binary.exe
    check "NativeAOT devices" "$binary" devices
    mkdir -p "$out/smoke" && smoke_input "$out/smoke"
    check "NativeAOT mine, npy as the managed build writes it" smoke_mine "$binary" "$managed" "$out/smoke" npy
    check "NativeAOT mine, csv as the managed build writes it" smoke_mine "$binary" "$managed" "$out/smoke" csv
    check "NativeAOT index export, as the managed build writes it" smoke_export "$binary" "$managed" "$out/smoke"
    check "NativeAOT publish of the server ($rid)" dotnet publish src/Tercet.Server -c Release -r "$rid" -p:PublishAot=true -p:RunAnalyzers=false "${linker[@]+"${linker[@]}"}" \
        --artifacts-path "$PWD/artifacts/aot" -o "$PWD/artifacts/aot/server" || return
    binary=artifacts/aot/server/tercet-server
    [ -f "$binary" ] || binary=$binary.exe
    check "NativeAOT server runs a model" "$binary" check --model src/Tercet.Train/Example/quickdraw.onnx
}

packages() {
    rm -rf artifacts/packages artifacts/tool
    check "pack Tercet" dotnet pack src/Tercet -c Release --no-build -o artifacts/packages
    check "pack Tercet.Cli" dotnet pack src/Tercet.Cli -c Release --no-build -o artifacts/packages || return
    check "install the packed tool" dotnet tool install Tercet.Cli --tool-path artifacts/tool --source "$PWD/artifacts/packages" || return
    check "run the packed tool" artifacts/tool/tercet --help
}

if ! have dotnet; then
    fail "the .NET SDK is not installed"
    finish
fi
check "restore" dotnet restore Engine.sln || finish
check "build, warnings as errors" dotnet build Engine.sln -c Release --no-restore || finish
# Style is the build's to refuse (.editorconfig); this is what it does not see: white space, line ends, the order of usings.
check "format" dotnet format whitespace Engine.sln --verify-no-changes --no-restore
native_tests
assets
readers
managed_tests "managed tests" tests/Tercet.Tests
case $(uname -sm) in
    'Linux x86_64' | 'Darwin arm64' | MINGW* | MSYS*) managed_tests "training tests" tests/Tercet.Train.Tests ;;
    *) skip "training tests: there is no libtorch package for this machine" ;;
esac
managed_tests "gallery tests" tests/Tercet.Gallery.Tests
managed_tests "vector store tests" tests/Tercet.VectorData.Tests
managed_tests "service tests" tests/Tercet.Extensions.Tests
managed_tests "server tests" tests/Tercet.Server.Tests
aot
packages
finish
