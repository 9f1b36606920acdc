# shellcheck shell=bash
# What a fresh machine lacks. Sourced by test.sh and quickstart.sh.

# Runs a command as root.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -E env "PATH=$PATH" "$@"; fi
}

# Installs those of the given Debian packages that are missing. Services that come with them are
# not started.
need_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing+=("$package")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    echo "installing: ${missing[*]}"
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    else
        policy=
    fi
    local status=0
    {
        as_root apt-get -qq update &&
            as_root env DEBIAN_FRONTEND=noninteractive \
                apt-get -qq install -y --no-install-recommends "${missing[@]}" </dev/null >/dev/null
    } || status=$?
    [ -z "$policy" ] || as_root rm -f "$policy"
    return "$status"
}

# Puts cargo on the path, installing Rust when there is none.
need_rust() {
    local cargo_home=${CARGO_HOME:-$HOME/.cargo}
    case ":$PATH:" in *":$cargo_home/bin:"*) ;; *) PATH=$PATH:$cargo_home/bin ;; esac
    export PATH
    command -v cargo >/dev/null && return 0
    echo "installing Rust with rustup"
    need_packages curl ca-certificates
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
        sh -s -- -y -q --profile minimal --component rustfmt,clippy
}

# Programs that talk to Kea, from PyPI, in a Python of their own: $1/bin.
need_python_programs() {
    local folder=$1 programs=(kea-exporter==0.7.1 pykeadhcp==0.6.0)
    if [ ! -e "$folder/complete" ]; then
        python3 -m venv --clear "$folder"
        "$folder/bin/pip" install --quiet --disable-pip-version-check "${programs[@]}"
        touch "$folder/complete"
    fi
}
