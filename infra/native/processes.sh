# shellcheck shell=bash
# Starting, knowing and stopping a server's process.

START_LIMIT=${SERVICES_START_LIMIT:-90}
STOP_LIMIT=20

# The process of a service, if it lives and is ours. A number in a file proves nothing: it may be another process by now.
# Ours has the folder of the database among its arguments.
process_of() {
    local pid place
    pid=$(cat "$DATA/$1/process" 2>/dev/null) && place=$(cat "$DATA/$1/place" 2>/dev/null) || return
    [ -n "$pid" ] && grep -qzF -- "$place/files" "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
}

# Right after a kill -9 a big process has lost its arguments and still holds its port and files.
wait_for_the_dying() {
    local pid
    pid=$(cat "$DATA/$1/process" 2>/dev/null) || return 0
    for _ in $(seq 50); do
        case $(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null) in '' | Z | X) return ;; esac
        [ -z "$(tr -d '\0' <"/proc/$pid/cmdline" 2>/dev/null)" ] || return 0
        sleep 0.1
    done
}

# Starts the process in a session of its own, so that neither the end of this terminal nor a Ctrl-C in it reaches it. It
# writes down its own id before it becomes the server: there is no moment in which it runs unknown.
start_process() {
    local name=$1 port=$2 folder=$DATA/$1
    "${name}_command" "$port" || return
    echo "$port" >"$folder/port"
    [ "$name" != redis ] || tls_port >"$folder/tls-port.new"
    [ "$name" != redis ] || mv "$folder/tls-port.new" "$folder/tls-port"
    rm -f "$folder/process"
    (
        cd / && exec setsid bash -c 'echo $$ >"$0" && exec "$@"' "$folder/process" "${COMMAND[@]}" \
            >>"$(log_of "$name")" 2>&1 </dev/null 9>&-
    ) &
    disown
    for _ in $(seq 50); do
        [ ! -s "$folder/process" ] || return 0
        sleep 0.05
    done
    return 1
}

# Waits until the server answers. What the attempts complain of is shown only if they never succeed. They run in a
# subshell, so that what a Ctrl-C makes us say is not written there, too.
await() {
    local name=$1 port=$2 begun=$SECONDS told=0 why=$DATA/$1/why
    until ("${name}_setup" "$port" && "${name}_answers" "$port") >"$why" 2>&1; do
        if ! process_of "$name" >/dev/null; then
            fail_to_start "$name" "its process ended"
            return 1
        elif [ $((SECONDS - begun)) -ge "$START_LIMIT" ]; then
            fail_to_start "$name" "process $(process_of "$name") gave no good answer within $START_LIMIT s"
            return 1
        elif [ $(((SECONDS - begun) / 10)) -gt "$told" ]; then
            told=$(((SECONDS - begun) / 10))
            report "$name" "not ready after $((SECONDS - begun)) s, still waiting"
        fi
        sleep 0.2
    done
    rm -f "$why"
}

fail_to_start() {
    complain "$(printf '%-10s' "$1") does not start: $2. The end of $(shown "$(log_of "$1")"):"
    { tail -n 15 "$(log_of "$1")"; tail -n 5 "$DATA/$1/why"; } 2>/dev/null | sed 's/^/    /' >&2
}

# Asks the server to end. One that was suspended must run on to hear it.
signal_to_stop() {
    local signal=${1^^}_SIGNAL
    kill -s "${!signal}" "$2" && kill -s CONT "$2"
}

# Waits for a server that was asked to end, and kills it if it does not: wait_for_stop NAME PROCESS
wait_for_stop() {
    local name=$1 pid=$2 begun=$SECONDS children
    while process_of "$name" >/dev/null; do
        if [ $((SECONDS - begun)) -ge "$STOP_LIMIT" ]; then
            report "$name" "did not end within $STOP_LIMIT s: killing process $pid"
            # Its children first: some live on without it, and a suspended one would do so for ever.
            children=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null) || children=
            # shellcheck disable=SC2086 # one word for each process
            kill -s KILL "$pid" $children 2>/dev/null
            for _ in $(seq 50); do process_of "$name" >/dev/null || return 0; sleep 0.1; done
            return 1
        fi
        sleep 0.1
    done
}
