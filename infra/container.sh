# shellcheck shell=bash
# up, down and status with a container engine and compose.yaml; native/services.sh has the same three without one.

compose() {
    local name
    for name in "${SERVICES[@]}"; do export "${name^^}_PORT=$(port_of "$name")"; done
    "$ENGINE" compose --file "$HERE/compose.yaml" --project-name "$PROJECT" "$@"
}

# docker or podman, whichever answers and knows compose files.
container_engine() {
    local engine
    for engine in docker podman; do
        timeout 10 "$engine" info >/dev/null 2>&1 && "$engine" compose version >/dev/null 2>&1 && echo "$engine" && return
    done
    return 1
}

container_of() { compose ps --quiet "$1" 2>/dev/null | head -n 1 | grep .; }
health_of() { "$ENGINE" inspect --format '{{.State.Health.Status}}' "$1" 2>/dev/null; }

container_up() {
    local name failed=0
    for name; do make_folder "$DATA/$name" && port_of "$name" >"$DATA/$name/port.new" && mv "$DATA/$name/port.new" "$DATA/$name/port" || return; done
    compose up --detach "$@" || { complain "$ENGINE compose could not start them: see above"; return 1; }
    for name; do container_ready "$name" || failed=1; done
    return "$failed"
}

container_ready() {
    local name=$1 begun=$SECONDS id
    until id=$(container_of "$name") && [ "$(health_of "$id")" = healthy ]; do
        if [ $((SECONDS - begun)) -ge "$START_LIMIT" ]; then
            complain "$(printf '%-10s' "$name") is not ready within $START_LIMIT s. The end of its log:"
            compose logs --tail 15 "$name" >&2
            return 1
        fi
        sleep 0.5
    done
    report "$name" "ready at 127.0.0.1:$(port_of "$name") ($ENGINE, container ${id:0:12}; data in the volume ${PROJECT}_$name)"
}

container_down() {
    local name
    compose rm --stop --force "$@" || return
    for name; do
        if [ -n "$KEEP" ]; then
            report "$name" "stopped, data kept in the volume ${PROJECT}_$name"
        else
            "$ENGINE" volume rm --force "${PROJECT}_$name" >/dev/null || return
            remove_folder "$name"
            report "$name" "stopped, data removed"
        fi
    done
    # The network, when nothing is left in it.
    [ -n "$(compose ps --all --quiet)" ] || compose down
}

container_status() {
    local name id failed=0
    for name; do
        if id=$(container_of "$name"); then
            report "$name" "$(health_of "$id") at 127.0.0.1:$(port_of "$name") ($ENGINE, container ${id:0:12})"
            [ "$(health_of "$id")" = healthy ] || failed=1
        else
            report "$name" "down"
            failed=1
        fi
    done
    return "$failed"
}
