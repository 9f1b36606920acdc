#!/usr/bin/env bash
# Every check of the project, from a fresh clone on Debian 12 to the end-to-end tests.
#
#   ./test.sh            all stages
#   ./test.sh STAGE...   only these: packages format lint tidy scripts unit docs release budget search fuzz e2e
#
# The tests make network namespaces, so they run as root: either you are root, or sudo works.
set -euo pipefail
cd "$(dirname "$0")"
. scripts/prepare.sh

STAGES=(packages format lint tidy scripts unit docs release budget search fuzz e2e)
# Debian's Kea is the reference the server is compared with; the rest are real clients and tools.
PACKAGES=(
    build-essential ca-certificates curl git iproute2 procps shellcheck
    kea-dhcp4-server kea-dhcp6-server kea-ctrl-agent kea-admin kea-common
    mariadb-server postgresql
    isc-dhcp-client isc-dhcp-relay udhcpc dhcpcd-base dibbler-client wide-dhcpv6-client
    tshark faketime prometheus systemd logrotate socat python3-venv valgrind
)

stage_packages() {
    need_packages "${PACKAGES[@]}"
    # Debian's services make it when they are started, which they are not here.
    as_root mkdir -p /var/lib/kea
    need_rust
    need_python_programs "${CARGO_TARGET_DIR:-$PWD/target}/python"
    cargo nextest --version >/dev/null 2>&1 || echo "cargo-nextest is not installed: using cargo test"
}

stage_format() { cargo fmt --all --check; }

stage_lint() {
    cargo clippy --workspace --all-targets --quiet -- -D warnings
    # Licences and sources, where the tool is there; building it would take longer than all the tests.
    if cargo deny --version >/dev/null 2>&1; then cargo deny check licenses bans sources; fi
}

stage_tidy() { cargo xtask tidy; }

stage_scripts() { shellcheck -x test.sh quickstart.sh .ci/run scripts/*.sh scripts/keactrl; }

stage_unit() { run_tests unit; }

stage_docs() {
    cargo test --quiet --doc --workspace
    RUSTDOCFLAGS='-D warnings' cargo doc --quiet --workspace --no-deps
}

stage_release() { cargo build --release --workspace --bins --quiet; }

# What an exchange costs, counted.
stage_budget() { cargo xtask budget; }

# Simulated worlds that nobody has seen: others for each commit, and the same ones for everybody who has it.
stage_search() {
    local commit first
    commit=$(git rev-parse --short=8 HEAD 2>/dev/null || printf '%x' "$(date +%s)")
    first=$((16#${commit:0:8}))
    "${CARGO_TARGET_DIR:-$PWD/target}/release/kea-sim" --seeds "$first..$((first + 50))" --exchanges 4000
}

# Altered input for everything that reads what comes from outside, guided by what it reaches.
stage_fuzz() { cargo xtask fuzz --cases 5000; }

# First against Debian's Kea, which proves that the tests test something, then against ours.
stage_e2e() {
    echo "against Debian's Kea:"
    KEA_UNDER_TEST=debian run_tests e2e
    echo "against ours:"
    KEA_UNDER_TEST=ours KEA_BIN_DIR=${CARGO_TARGET_DIR:-$PWD/target}/release run_tests e2e
}

# The tests of the test kit are end-to-end tests, all others are unit tests. Test programs are built by
# the user and run by root. One selection of packages for both, so that nothing is built twice.
run_tests() {
    local runner=() triple
    if [ "$(id -u)" != 0 ]; then
        triple=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
        runner=(env "CARGO_TARGET_${triple}_RUNNER=sudo -E env PATH=$PATH")
    fi
    local filter='package(kea-testkit) & kind(test)'
    local options=(--workspace --no-fail-fast --status-level retry --final-status-level flaky)
    if ! cargo nextest --version >/dev/null 2>&1; then
        case $1 in
            unit) "${runner[@]}" cargo test --quiet --no-fail-fast --workspace --lib --bins &&
                "${runner[@]}" cargo test --quiet --no-fail-fast --workspace --exclude kea-testkit --tests ;;
            e2e) "${runner[@]}" cargo test --quiet --no-fail-fast --package kea-testkit --tests ;;
        esac
        return
    fi
    case $1 in
        unit) "${runner[@]}" cargo nextest run "${options[@]}" -E "not ($filter)" ;;
        e2e) "${runner[@]}" cargo nextest run "${options[@]}" -E "$filter" ;;
    esac
}

main() {
    local stages=("$@") stage began report=()
    [ "${#stages[@]}" -gt 0 ] || stages=("${STAGES[@]}")
    for stage in "${stages[@]}"; do
        [ "$(type -t "stage_$stage")" = function ] || { echo "no stage $stage" >&2; exit 2; }
    done
    command -v cargo >/dev/null || PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
    # What all database servers of the tests begin with, once one of them has made it.
    KEA_DATABASE_TEMPLATES=$(mktemp -d)
    export KEA_DATABASE_TEMPLATES
    for stage in "${stages[@]}"; do
        echo "=== $stage"
        began=$SECONDS
        # Not in a condition: errors inside a stage must end it.
        "stage_$stage"
        report+=("$(printf '%5ds  %s' $((SECONDS - began)) "$stage")")
    done
    printf '\nAll stages passed:\n'
    printf '%s\n' "${report[@]}"
}

finish() {
    local status=$?
    [ -z "${KEA_DATABASE_TEMPLATES:-}" ] || as_root rm -rf "$KEA_DATABASE_TEMPLATES"
    [ "$status" = 0 ] || echo "test.sh: failed after ${SECONDS}s" >&2
}

trap finish EXIT
main "$@"
