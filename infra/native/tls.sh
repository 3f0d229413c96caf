# shellcheck shell=bash
# A certificate for this machine from an authority that nobody has to trust, so that the tests can speak TLS to the
# servers and can see a wrong authority refused.

TLS_DAYS=30

make_tls() {
    local new=$DATA/tls.new
    if ! command -v openssl >/dev/null; then
        [ -d "$DATA/tls" ] || echo "openssl is missing: the servers start without TLS"
        return 0
    fi
    ! openssl x509 -checkend 86400 -noout -in "$DATA/tls/server.pem" >/dev/null 2>&1 || return 0
    if running "${SERVICES[@]}"; then
        [ ! -d "$DATA/tls" ] || echo "the TLS certificates end within a day: \`infra/services down --keep\` and \`up\` make new ones"
        return 0
    fi
    rm -rf "$new"
    if ! mkdir "$new" || ! (cd "$new" && issue_certificates >openssl.log 2>&1); then
        complain "openssl made no certificates: $(tail -n 3 "$new/openssl.log" 2>/dev/null)"
        return 1
    fi
    rm -rf "$DATA/tls" && mv "$new" "$DATA/tls"
}

# The settings are spelled out, as those of the system's openssl.cnf differ from one system to the next.
issue_certificates() {
    cat >openssl.cnf <<'END'
[req]
distinguished_name = name
prompt = no
x509_extensions = authority
[name]
CN = stackdiff, thrown away after the tests
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
END
    (umask 077 && openssl ecparam -name prime256v1 -genkey -noout -out ca.key &&
        openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out server.key) &&
        openssl req -new -x509 -config openssl.cnf -days "$TLS_DAYS" -key ca.key -out ca.pem &&
        openssl req -new -config openssl.cnf -subj /CN=localhost -key server.key -out server.csr &&
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -set_serial "0x$(openssl rand -hex 8)" \
            -days "$TLS_DAYS" -extfile openssl.cnf -extensions server -out server.pem &&
        (umask 077 && cat server.key server.pem >server-with-key.pem) &&
        # Nothing else is to be signed by it, by nobody.
        rm ca.key server.csr openssl.cnf
}
