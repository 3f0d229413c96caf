# shellcheck shell=bash
# Installing what the servers need: programs from the system's packages, the rest below the project.

PIP_OPTIONS=(install --disable-pip-version-check --no-cache-dir --only-binary ':all:')
# A bar where a person watches, no line for each step where a log is kept.
[ -t 1 ] || PIP_OPTIONS+=(--quiet)

# Two calls with different data folders share what is installed.
install_services() {
    local name failed=0 packages=()
    mkdir -p "$TOOLS" && exec 8>"$TOOLS/lock" && flock 8 || return
    for name; do mapfile -t -O ${#packages[@]} packages < <("${name}_packages"); done
    command -v openssl >/dev/null || packages+=(openssl)
    [ ${#packages[@]} = 0 ] || install_packages "${packages[@]}" || failed=1
    for name; do
        # Where the system's packages are missing, this is the place to say so.
        if [ -n "$("${name}_packages")" ] || ! "${name}_fetch"; then
            complain "$(printf '%-10s' "$name") cannot be installed"
            MISSING+=" $name"
            failed=1
        fi
    done
    exec 8>&-
    return "$failed"
}

install_packages() {
    local as_root=() log
    mapfile -t packages < <(printf '%s\n' "$@" | sort -u)
    if ! command -v apt-get >/dev/null; then
        complain "missing: ${packages[*]} (their names in Debian). Install them, or start Docker or Podman and run this again"
        return 1
    fi
    if [ "$(id -u)" != 0 ]; then
        as_root=(sudo -n)
        if ! sudo -n true 2>/dev/null; then
            complain "missing: ${packages[*]}. Run this, and then this command again: sudo $(shown "$HERE/native/install-packages") ${packages[*]}"
            return 1
        fi
    fi
    echo "installing ${packages[*]} (apt-get) ..."
    log=$(mktemp)
    if ! "${as_root[@]}" "$HERE/native/install-packages" "${packages[@]}" >"$log" 2>&1 </dev/null 8>&- 9>&-; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}
