# shellcheck shell=bash
# Redis, which writes each change to its file before it answers. The same functions as in postgres.sh.

REDIS_TITLE=Redis
REDIS_SIGNAL=TERM

redis_packages() { command -v redis-server >/dev/null && command -v redis-cli >/dev/null || echo redis-server; }
redis_fetch() { :; }
redis_version() { redis-server --version | sed 's/.* v=\([^ ]*\).*/\1/'; }

redis_prepare() { choose_place redis && { [ -d "$(place redis)/files" ] || mkdir -m 700 "$(place redis)/files"; }; }

redis_command() {
    # Without `--set-proc-title no` it would hide its arguments, by which we know it to be ours.
    COMMAND=(redis-server --port "$1" --bind 127.0.0.1 --dir "$(place redis)/files" --appendonly yes --appendfsync always
        --save "" --set-proc-title no)
    [ ! -d "$DATA/tls" ] || COMMAND+=(--tls-port "$(tls_port)" --tls-cert-file "$DATA/tls/server.pem"
        --tls-key-file "$DATA/tls/server.key" --tls-ca-cert-file "$DATA/tls/ca.pem" --tls-auth-clients no)
}

redis_setup() { :; }
redis_answers() { [ "$(timeout --foreground 5 redis-cli -h 127.0.0.1 -p "$1" ping)" = PONG ]; }

redis_url() { echo "redis://127.0.0.1:$1/0?prefix=$2"; }
