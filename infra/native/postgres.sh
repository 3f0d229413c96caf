# shellcheck shell=bash
# PostgreSQL without a container. infra/services calls these functions; the other files here have the same ones.

POSTGRES_TITLE=PostgreSQL
POSTGRES_SIGNAL=INT # "fast shutdown": sessions are ended, what was committed is written.

# Debian keeps the server's programs out of the PATH, one folder for each version.
postgres_bin() {
    local folder
    folder=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    [ -x "$folder/initdb" ] || folder=$(dirname "$(command -v initdb)" 2>/dev/null)
    [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && [ -x "$folder/psql" ] && echo "$folder"
}

# PostgreSQL refuses to run as root: there it runs as the user that Debian's package makes.
postgres_owner() { if [ "$(id -u)" = 0 ]; then echo postgres; else id -un; fi; }
AS_POSTGRES=()
[ "$(id -u)" != 0 ] || AS_POSTGRES=(setpriv --reuid=postgres --regid=postgres --init-groups --)

postgres_packages() { postgres_bin >/dev/null || echo postgresql; }
postgres_fetch() { :; }
postgres_version() { "$(postgres_bin)/postgres" --version | sed 's/.*(PostgreSQL) \([^ ]*\).*/\1/'; }

postgres_prepare() {
    local place new
    choose_place postgres "${AS_POSTGRES[@]}" || return
    place=$(place postgres) new=$(place postgres)/files.new
    if [ ! -d "$place/files" ]; then
        rm -rf "$new"
        mkdir -m 700 "$new" && { [ "$(id -u)" != 0 ] || chown postgres: "$new"; } || return
        (cd / && "${AS_POSTGRES[@]}" "$(postgres_bin)/initdb" --pgdata "$new" --username postgres --encoding UTF8 --locale C \
            --auth trust) >"$(log_of postgres)" 2>&1 || return
        # The superuser comes by the socket alone, whose folder nobody else may enter.
        printf '%s\n' 'local all all trust' 'host all stackdiff 127.0.0.1/32 trust' >"$new/pg_hba.conf"
        mv "$new" "$place/files" || return
    fi
    postgres_forget_the_dead "$place/files"
    if [ -d "$DATA/tls" ]; then
        # A key that somebody else could read is refused, so it gets one of its own.
        install -m 600 -o "$(postgres_owner)" "$DATA/tls/server.key" "$place/files/server.key" || return
        install -m 644 -o "$(postgres_owner)" "$DATA/tls/server.pem" "$place/files/server.pem" || return
    fi
}

# After a kill -9 of the server its children live on for a moment, and no new server starts beside them. A process id
# in its lock files that is somebody else's by now, or of a process that nobody has buried, would keep it from starting,
# too. Only called when no server of ours lives.
postgres_forget_the_dead() {
    local files=$1 pid
    for _ in $(seq 50); do
        [ -n "$(postgres_children "$files")" ] || break
        sleep 0.1
    done
    pid=$(postgres_children "$files")
    # shellcheck disable=SC2086 # one word for each process
    [ -z "$pid" ] || kill -KILL $pid 2>/dev/null || :
    rm -f "$files"/.s.PGSQL.*
    pid=$(head -n 1 "$files/postmaster.pid" 2>/dev/null) || return 0
    grep -qzF -- "$files" "/proc/$pid/cmdline" 2>/dev/null || rm -f "$files/postmaster.pid"
}

postgres_children() {
    local folder
    find /proc -maxdepth 2 -path '/proc/[0-9]*/cwd' -lname "$1" 2>/dev/null | while IFS= read -r folder; do
        folder=${folder%/cwd}
        [ "$(cat "$folder/comm" 2>/dev/null)" != postgres ] || echo "${folder#/proc/}"
    done
}

postgres_command() {
    local files port=$1
    files=$(place postgres)/files
    COMMAND=("${AS_POSTGRES[@]}" "$(postgres_bin)/postgres" -D "$files" -c "port=$port" -c listen_addresses=127.0.0.1
        -c "unix_socket_directories=\"$files\"" -c max_connections=300 -c logging_collector=off)
    [ ! -f "$files/server.key" ] || COMMAND+=(-c ssl=on -c ssl_cert_file=server.pem -c ssl_key_file=server.key)
}

postgres_setup() {
    local files
    files=$(place postgres)/files
    (cd / && "${AS_POSTGRES[@]}" timeout --foreground 10 env PGCONNECT_TIMEOUT=3 "$(postgres_bin)/psql" -Xqw -v ON_ERROR_STOP=1 \
        -h "$files" -p "$1" -U postgres postgres) <"$HERE/setup/postgres.sql"
}

postgres_answers() {
    PGCONNECT_TIMEOUT=3 timeout --foreground 10 "$(postgres_bin)/psql" -XAtqw -h 127.0.0.1 -p "$1" -U stackdiff \
        -c 'SELECT 1' stackdiff >/dev/null
}

postgres_url() { echo "postgres://stackdiff@127.0.0.1:$1/$2"; }
