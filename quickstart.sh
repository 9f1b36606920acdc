#!/usr/bin/env bash
# From a fresh clone on Debian 12 to a first DHCPv4 lease.
#
#   ./quickstart.sh                build, serve a client in a network of its own, show what happened
#   ./quickstart.sh --serve IFACE  build, then serve a real interface until Ctrl-C
#
# The first form touches nothing outside its own network namespaces and a temporary folder, and
# removes both. It needs root, or sudo. KEA_DHCP4=PROGRAM uses a program that is already built.
set -euo pipefail
cd "$(dirname "$0")"
. scripts/prepare.sh

CONFIG=examples/kea4/quickstart.json
SERVER=kea-quickstart-$$-server
CLIENT=kea-quickstart-$$-client
DIR=

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

main() {
    local interface=
    case "${1:-}" in
        "") ;;
        --serve) interface=${2:?--serve needs the name of an interface} ;;
        -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; return ;;
        *) echo "quickstart.sh: no such option: $1 (see --help)" >&2; return 2 ;;
    esac
    say "1. What this needs"
    need_packages build-essential ca-certificates iproute2 udhcpc
    build
    if [ -n "$interface" ]; then serve "$interface"; else demonstrate; fi
}

build() {
    if [ -n "${KEA_DHCP4:-}" ]; then return; fi
    need_rust
    say "2. Building the server (a few minutes the first time)"
    cargo build --release --bin kea-dhcp4
    KEA_DHCP4=${CARGO_TARGET_DIR:-$PWD/target}/release/kea-dhcp4
}

# The example configuration with its files in $DIR, for this interface.
configure() {
    sed -e "s|\"interfaces\": *\[[^]]*\]|\"interfaces\": [ \"$1\" ]|" \
        -e "s|/var/lib/kea/|$DIR/|" -e "s|/run/kea/|$DIR/|" \
        "$CONFIG" >"$DIR/kea-dhcp4.conf"
}

demonstrate() {
    DIR=$(mktemp -d)
    trap clean_up EXIT
    trap 'exit 130' INT TERM
    say "3. A network of two: a server (192.0.2.1) and a client, joined by a virtual cable"
    as_root ip netns add "$SERVER"
    as_root ip netns add "$CLIENT"
    as_root ip link add eth0 netns "$SERVER" type veth peer name eth0 netns "$CLIENT"
    as_root ip -n "$SERVER" addr add 192.0.2.1/24 dev eth0
    as_root ip -n "$SERVER" link set eth0 up
    as_root ip -n "$CLIENT" link set eth0 up

    say "4. Starting kea-dhcp4 with $CONFIG"
    configure eth0
    as_root env KEA_PIDFILE_DIR="$DIR" KEA_LOCKFILE_DIR="$DIR" KEA_DHCP_DATA_DIR="$DIR" \
        ip netns exec "$SERVER" "$KEA_DHCP4" -c "$DIR/kea-dhcp4.conf" >"$DIR/log" 2>&1 &
    wait_for_start
    echo "It serves."

    say "5. A client asks for an address (udhcpc)"
    # shellcheck disable=SC2016 # the client's script expands them
    printf '#!/bin/sh\n[ "$1" = bound ] && echo "client: I am $ip, my router is ${router:-none}"\nexit 0\n' \
        >"$DIR/script"
    chmod 755 "$DIR" "$DIR/script"
    as_root ip netns exec "$CLIENT" udhcpc -f -q -n -t 5 -T 1 -i eth0 -s "$DIR/script"

    say "6. What the server did: the offer, then the lease"
    grep -E 'DHCP4_LEASE_(ADVERT|OFFER|ALLOC)' "$DIR/log"

    say "7. The lease in the file that a restart reads"
    as_root cat "$DIR/kea-leases4.csv"

    say "Done. What next"
    cat <<NEXT
  ./quickstart.sh --serve IFACE       serve a real network
  cargo xtask install --prefix DIR    install everything; it takes your Kea configuration as it is
  docs/README.md                      the manual
NEXT
}

wait_for_start() {
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        grep -q DHCP4_STARTED "$DIR/log" && return 0
        jobs -r | grep -q . || break
        sleep 0.1
    done
    echo "The server did not start; it said:" >&2
    cat "$DIR/log" >&2
    return 1
}

clean_up() {
    local netns pids
    for netns in "$SERVER" "$CLIENT"; do
        pids=$(as_root ip netns pids "$netns" 2>/dev/null) || continue
        # shellcheck disable=SC2086 # one word for each process
        [ -z "$pids" ] || as_root kill $pids 2>/dev/null || true
        as_root ip netns del "$netns" 2>/dev/null || true
    done
    wait
    as_root rm -rf "$DIR"
}

# Leases of a real interface stay, below the build folder, so that a second run knows its clients.
serve() {
    local interface=$1 address
    address=$(ip -4 -o addr show dev "$interface" scope global | awk 'NR == 1 { print $4 }')
    if [ -z "$address" ]; then
        echo "$interface has no IPv4 address. Give it one first, for example:" >&2
        echo "  ip addr add 192.0.2.1/24 dev $interface" >&2
        return 1
    fi
    DIR=$PWD/target/quickstart
    mkdir -p "$DIR"
    configure "$interface"
    if [ "${address%.*}" != 192.0.2 ]; then
        local network=${address%%/*} length=${address##*/}
        network=${network%.*}
        if [ "$length" != 24 ]; then
            echo "$interface is in a /$length; the example serves a /24." >&2
            echo "Edit $DIR/kea-dhcp4.conf and start: $KEA_DHCP4 -c $DIR/kea-dhcp4.conf" >&2
            return 1
        fi
        sed -i "s/192\.0\.2\./$network./g" "$DIR/kea-dhcp4.conf"
    fi
    say "Serving $interface ($address) with $DIR/kea-dhcp4.conf; Ctrl-C ends it"
    as_root env KEA_PIDFILE_DIR="$DIR" KEA_LOCKFILE_DIR="$DIR" KEA_DHCP_DATA_DIR="$DIR" \
        "$KEA_DHCP4" -c "$DIR/kea-dhcp4.conf"
}

main "$@"
