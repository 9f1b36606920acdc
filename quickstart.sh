#!/usr/bin/env bash
# From a fresh clone on Debian 12 to first leases of DHCPv4 and DHCPv6.
#
#   ./quickstart.sh                build, serve a client in a network of its own, show what happened
#   ./quickstart.sh --serve IFACE  build, then serve a real interface until Ctrl-C
#
# The first form touches nothing outside its own network namespaces and a temporary folder, and
# removes both. It needs root, or sudo. KEA_DHCP4=PROGRAM and KEA_DHCP6=PROGRAM use programs that are
# already built. A real interface is served with DHCPv6 when it has a global IPv6 address.
set -euo pipefail
cd "$(dirname "$0")"
. scripts/prepare.sh

SERVER=kea-quickstart-$$-server
CLIENT=kea-quickstart-$$-client
DIR=

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

main() {
    local interface=
    case "${1:-}" in
        "") ;;
        --serve) interface=${2:?--serve needs the name of an interface} ;;
        -h | --help) sed -n '2,10s/^# \{0,1\}//p' "$0"; return ;;
        *) echo "quickstart.sh: no such option: $1 (see --help)" >&2; return 2 ;;
    esac
    say "1. What this needs"
    need_packages build-essential ca-certificates iproute2 udhcpc isc-dhcp-client
    build
    if [ -n "$interface" ]; then serve "$interface"; else demonstrate; fi
}

build() {
    if [ -n "${KEA_DHCP4:-}" ] && [ -n "${KEA_DHCP6:-}" ]; then return; fi
    need_rust
    say "2. Building the servers (a few minutes the first time)"
    cargo build --release --bin kea-dhcp4 --bin kea-dhcp6
    local built=${CARGO_TARGET_DIR:-$PWD/target}/release
    KEA_DHCP4=${KEA_DHCP4:-$built/kea-dhcp4}
    KEA_DHCP6=${KEA_DHCP6:-$built/kea-dhcp6}
}

# The example configuration of DHCPv4 or 6 with its files in $DIR, for this interface.
configure() {
    sed -e "s|\"interfaces\": *\[[^]]*\]|\"interfaces\": [ \"$2\" ]|" \
        -e "s|\"interface\": *\"lo\"|\"interface\": \"$2\"|" \
        -e "s|/var/lib/kea/|$DIR/|" -e "s|/run/kea/|$DIR/|" \
        "examples/kea$1/quickstart.json" >"$DIR/kea-dhcp$1.conf"
}

# Starts the server of DHCPv4 or 6, after a word that it is to run in, if any.
start() {
    local family=$1 program=$KEA_DHCP4
    shift
    [ "$family" = 4 ] || program=$KEA_DHCP6
    as_root env KEA_PIDFILE_DIR="$DIR" KEA_LOCKFILE_DIR="$DIR" KEA_DHCP_DATA_DIR="$DIR" \
        "$@" "$program" -c "$DIR/kea-dhcp$family.conf"
}

demonstrate() {
    DIR=$(mktemp -d)
    trap clean_up EXIT
    trap 'exit 130' INT TERM
    say "3. A network of two: a server (192.0.2.1, 2001:db8:1::1) and a client, joined by a virtual cable"
    as_root ip netns add "$SERVER"
    as_root ip netns add "$CLIENT"
    as_root ip link add eth0 netns "$SERVER" type veth peer name eth0 netns "$CLIENT"
    # The addresses that follow are all there are, and they serve at once.
    as_root ip -n "$SERVER" link set eth0 addrgenmode none
    as_root ip -n "$CLIENT" link set eth0 addrgenmode none
    as_root ip -n "$SERVER" addr add 192.0.2.1/24 dev eth0
    as_root ip -n "$SERVER" addr add 2001:db8:1::1/64 dev eth0 nodad
    as_root ip -n "$SERVER" addr add fe80::1/64 dev eth0 nodad
    as_root ip -n "$SERVER" link set eth0 up
    as_root ip -n "$CLIENT" addr add fe80::2/64 dev eth0 nodad
    as_root ip -n "$CLIENT" link set eth0 up

    say "4. Starting kea-dhcp4 and kea-dhcp6 with examples/kea4/quickstart.json and examples/kea6/quickstart.json"
    local family
    for family in 4 6; do
        configure "$family" eth0
        start "$family" ip netns exec "$SERVER" >"$DIR/log$family" 2>&1 &
        wait_for_start "$family"
    done
    echo "They serve."

    say "5. A client asks for an IPv4 address (udhcpc)"
    # shellcheck disable=SC2016 # the client's script expands them
    printf '#!/bin/sh\n[ "$1" = bound ] && echo "client: I am $ip, my router is ${router:-none}"\nexit 0\n' \
        >"$DIR/script"
    # shellcheck disable=SC2016 # as above
    printf '#!/bin/sh\n[ "$reason" = BOUND6 ] && echo "client: I have ${new_ip6_address:-$new_ip6_prefix}, my name server is $new_dhcp6_name_servers"\nexit 0\n' \
        >"$DIR/script6"
    chmod 755 "$DIR" "$DIR/script" "$DIR/script6"
    as_root ip netns exec "$CLIENT" udhcpc -f -q -n -t 5 -T 1 -i eth0 -s "$DIR/script"

    say "6. It asks for an IPv6 address and a prefix (dhclient)"
    as_root ip netns exec "$CLIENT" dhclient -6 -N -P -1 -q -sf "$DIR/script6" \
        -lf "$DIR/dhclient.leases" -pf "$DIR/dhclient.pid" eth0

    say "7. What the servers did: the offers, then the leases"
    grep -hE 'DHCP[46]_(PD_)?LEASE_(ADVERT|OFFER|ALLOC)' "$DIR/log4" "$DIR/log6"

    say "8. The leases in the files that a restart reads"
    as_root cat "$DIR/kea-leases4.csv" "$DIR/kea-leases6.csv"

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
        grep -qs "DHCP$1_STARTED" "$DIR/log$1" && return 0
        jobs -r | grep -q . || break
        sleep 0.1
    done
    echo "The server did not start; it said:" >&2
    cat "$DIR/log$1" >&2
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
    configure 4 "$interface"
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
    trap 'jobs -p | xargs -r kill 2>/dev/null' EXIT
    serve_v6 "$interface"
    say "Serving $interface ($address) with $DIR/kea-dhcp4.conf; Ctrl-C ends it"
    start 4
}

# Serves DHCPv6 beside, when the interface is in a network of 64 bits. Prefixes are for routers that
# somebody routes them to, so they are left out.
serve_v6() {
    local interface=$1 network
    network=$(ip -6 route show dev "$interface" proto kernel |
        awk '$1 ~ /\/64$/ && $1 !~ /^fe80/ { sub("/64", "", $1); print $1; exit }')
    if [ -z "$network" ]; then
        echo "$interface has no global IPv6 address in a /64: no DHCPv6."
        return
    fi
    configure 6 "$interface"
    sed -i -e '/"pd-pools"/,/\],/d' -e "s/2001:db8:1::/$network/g" "$DIR/kea-dhcp6.conf"
    say "Serving $interface ($network/64) with $DIR/kea-dhcp6.conf"
    start 6 &
}

main "$@"
