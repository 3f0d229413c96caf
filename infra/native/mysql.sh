# shellcheck shell=bash
# MariaDB, which speaks MySQL's protocol and is what Debian has. The same functions as in postgres.sh.

MYSQL_TITLE=MariaDB
MYSQL_SIGNAL=TERM

mysql_packages() {
    command -v mariadbd >/dev/null && command -v mariadb-install-db >/dev/null && command -v mariadb >/dev/null ||
        echo mariadb-server
}
mysql_fetch() { :; }
mysql_version() { mariadbd --no-defaults --version | sed 's/.*Ver \([0-9.]*\).*/\1/'; }

mysql_prepare() {
    local place new
    choose_place mysql || return
    place=$(place mysql) new=$(place mysql)/files.new
    # One that starts clears up after others in the folder for temporary files, so it gets one of its own.
    mkdir -p -m 700 "$place/temporary" || return
    [ ! -d "$place/files" ] || return 0
    rm -rf "$new"
    # The administrator is who runs this, told by the Unix socket; nobody is let in over TCP but `stackdiff`.
    mkdir -m 700 "$new" && TMPDIR=$place/temporary mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$new" --skip-test-db \
        --auth-root-authentication-method=socket --auth-root-socket-user="$(id -un)" >"$(log_of mysql)" 2>&1 || return
    mv "$new" "$place/files"
}

mysql_command() {
    local files port=$1
    files=$(place mysql)/files
    # `--no-defaults`: the settings of a server that the system runs are none of ours. UTF-8 is MySQL's default.
    COMMAND=(mariadbd --no-defaults --user="$(id -un)" --datadir="$files" --port="$port" --bind-address=127.0.0.1
        --socket="$files/socket" --pid-file="$files/pid" --max-connections=300 --character-set-server=utf8mb4
        --tmpdir="$(place mysql)/temporary" --skip-name-resolve --loose-feedback=OFF)
    [ ! -d "$DATA/tls" ] ||
        COMMAND+=(--ssl-ca="$DATA/tls/ca.pem" --ssl-cert="$DATA/tls/server.pem" --ssl-key="$DATA/tls/server.key")
}

mysql_setup() {
    timeout --foreground 10 mariadb --no-defaults --connect-timeout=3 --socket="$(place mysql)/files/socket" \
        --user="$(id -un)" <"$HERE/setup/mysql.sql"
}

mysql_answers() {
    timeout --foreground 10 mariadb --no-defaults --connect-timeout=3 --host=127.0.0.1 --port="$1" --user=stackdiff \
        --execute='SELECT 1' stackdiff >/dev/null
}

mysql_url() { echo "mysql://stackdiff@127.0.0.1:$1/$2"; }
