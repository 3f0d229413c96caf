# shellcheck shell=bash
# Where things are: folders, logs, ports, and the lock that keeps two calls from working on one folder at once.

# As a person in the current folder would write it.
shown() { echo "${1#"$PWD/"}"; }

log_of() { echo "$DATA/$1/log"; }

place() { cat "$DATA/$1/place" 2>/dev/null || echo "$DATA/$1"; }

# The folder of a service's database is below the data folder, or, where the database's user may not go there or the
# path is too long for a Unix socket (107 bytes), a folder in /var/tmp that `down` removes: choose_place NAME [AS_USER ...]
choose_place() {
    local name=$1 folder=$DATA/$1 place
    shift
    make_folder "$folder" || return
    place=$(cat "$folder/place" 2>/dev/null) && [ -d "$place" ] && return
    if [ ${#folder} -gt 80 ] || ! (cd / && "$@" test -x "$folder"); then
        place=$(mktemp -d "/var/tmp/stackdiff-$name.XXXXXX") && chmod 755 "$place" || return
    else
        place=$folder
    fi
    echo "$place" >"$folder/place"
}

# The mark keeps `down` from removing a folder that was somebody's before.
make_folder() {
    [ ! -f "$1/made-by-infra-services" ] || return 0
    if [ -d "$1" ] && [ -n "$(ls -A "$1")" ]; then
        complain "$(shown "$1") holds something that is not ours: choose another folder with SERVICES_DATA"
        return 1
    fi
    mkdir -p "$1" && : >"$1/made-by-infra-services"
}

remove_folder() {
    local place
    [ -f "$DATA/$1/made-by-infra-services" ] || return 0
    place=$(cat "$DATA/$1/place" 2>/dev/null) || place=
    case $place in "/var/tmp/stackdiff-$1."*) rm -rf "$place" ;; esac
    rm -rf "${DATA:?}/$1"
}

# A port: the variable's, else the one that the kept data was last served on, else the usual one.
port_of() {
    local variable=${1^^}_PORT usual=${PORTS[$1]}
    if [ -z "${!variable:-}" ] || process_of "$1" >/dev/null; then
        cat "$DATA/$1/port" 2>/dev/null || echo "${!variable:-$usual}"
    else
        echo "${!variable}"
    fi
}
tls_port() {
    if [ -z "${REDIS_TLS_PORT:-}" ] || process_of redis >/dev/null; then
        cat "$DATA/redis/tls-port" 2>/dev/null || echo "${REDIS_TLS_PORT:-$REDIS_TLS_USUAL}"
    else
        echo "$REDIS_TLS_PORT"
    fi
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Whoever listens there, as far as the system tells us.
listener() {
    ss -Hltnp "sport = :$1" 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1 (process \2)/p' | head -n 1
}

# The ports that tests choose for themselves: not the usual ones, so that those stay free for the developer.
free_port() {
    local port
    while :; do
        port=$((42000 + RANDOM % 1000))
        case " ${PORTS[*]} $REDIS_TLS_USUAL $CHOSEN " in *" $port "*) continue ;; esac
        listens "$port" || break
    done
    CHOSEN+=" $port"
    FREE_PORT=$port
}

# Sets the port variables that are not set, for services whose data were never served.
choose_free_ports() {
    local name variable
    for name; do
        variable=${name^^}_PORT
        [ -n "${!variable:-}" ] || [ -f "$DATA/$name/port" ] || { free_port && printf -v "$variable" %s "$FREE_PORT"; }
    done
    [ -n "${REDIS_TLS_PORT:-}" ] || [ -f "$DATA/redis/tls-port" ] || { free_port && REDIS_TLS_PORT=$FREE_PORT; }
}

# `down` removes the lock with the folder, so a lock is good only while it is the file that the next one would open.
lock() {
    while :; do
        mkdir -p "$DATA" || return
        { exec 9>"$DATA/lock"; } 2>/dev/null || continue
        if ! flock --nonblock 9; then
            echo "another infra/services works on $(shown "$DATA"): waiting for it ..."
            flock 9
        fi
        [ ! "$DATA/lock" -ef /proc/self/fd/9 ] || return 0
    done
}

# Removes what belongs to no single service, once no service has a folder any more.
unlock() {
    if ! compgen -G "$DATA/*/made-by-infra-services" >/dev/null; then
        rm -rf "$DATA/tls" "$DATA/tls.new" "$DATA/engine" "$DATA/lock"
        rmdir "$DATA" 2>/dev/null && [ "$DATA" != "$ROOT/data/services" ] || rmdir "$ROOT/data" 2>/dev/null || :
    fi
    exec 9>&-
}
