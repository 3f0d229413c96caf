# shellcheck shell=bash
# up, down and status without a container; infra/container.sh has the same three.

native_up() {
    local name port failed=0 begun=()
    MISSING=
    install_services "$@" || failed=1
    make_tls || return
    trap interrupted INT TERM HUP
    # DynamoDB takes longest to start: it does so while the others' data are made.
    for name in dynamodb mongodb redis mysql postgres; do
        case " $MISSING " in *" $name "*) continue ;; esac
        case " $* " in *" $name "*) ;; *) continue ;; esac
        begin "$name" && begun+=("$name") || failed=1
    done
    for name; do
        case " ${begun[*]} " in *" $name "*) ;; *) continue ;; esac
        port=$(port_of "$name")
        if await "$name" "$port"; then report_ready "$name" "$port"; else failed=1; fi
    done
    trap - INT TERM HUP
    return "$failed"
}

# Starts one service, unless it is up already or its port is another's.
begin() {
    local name=$1 port variable=${1^^}_PORT
    if process_of "$name" >/dev/null; then
        WERE_UP+=" $name"
        return 0
    fi
    wait_for_the_dying "$name"
    port=$(port_of "$name")
    port_is_free "$name" "$port" "$variable" || return
    [ "$name" != redis ] || port_is_free "$name" "$(tls_port)" REDIS_TLS_PORT || return
    "${name}_prepare" || { fail_to_start "$name" "its data could not be made"; return 1; }
    STARTED+=("$name")
    start_process "$name" "$port" || { fail_to_start "$name" "no process"; return 1; }
}

port_is_free() {
    local who
    listens "$2" || return 0
    # One that was just killed may need a moment to let go of it.
    sleep 1
    listens "$2" || return 0
    who=$(listener "$2")
    complain "$(printf '%-10s' "$1") port $2 is taken${who:+ by $who}: end that, or choose another port with $3"
    return 1
}

interrupted() {
    local name pid
    trap '' INT TERM HUP
    echo "interrupted: stopping what this call has started"
    for name in "${STARTED[@]}"; do
        pid=$(process_of "$name") && signal_to_stop "$name" "$pid" && wait_for_stop "$name" "$pid"
    done
    exit 130
}

report_ready() {
    local name=$1 port=$2 title=${1^^}_TITLE were_up=
    case " $WERE_UP " in *" $name "*) were_up=", was up before" ;; esac
    report "$name" "ready at 127.0.0.1:$port (${!title} $("${name}_version"), native, process $(process_of "$name")$were_up; data in $(shown "$(place "$name")"))"
}

native_down() {
    local name pid failed=0
    local -A stopping=()
    for name; do
        if pid=$(process_of "$name"); then
            stopping[$name]=$pid
            signal_to_stop "$name" "$pid" || failed=1
        fi
    done
    for name; do
        pid=${stopping[$name]:-}
        if [ -n "$pid" ] && ! wait_for_stop "$name" "$pid"; then
            complain "$(printf '%-10s' "$name") process $pid does not end, its data stays"
            failed=1
        else
            take_away "$name" "$pid"
        fi
    done
    return "$failed"
}

# What is left when the process is gone: take_away NAME PROCESS
take_away() {
    local name=$1 done=${2:+stopped}
    if [ ! -f "$DATA/$name/made-by-infra-services" ]; then
        report "$name" "was not running"
        return
    fi
    # Children of a server that was killed would write into the next one's data.
    [ "$name" != postgres ] || postgres_forget_the_dead "$(place postgres)/files"
    if [ -n "$KEEP" ]; then
        report "$name" "${done:-was not running}, data kept in $(shown "$(place "$name")")"
    else
        remove_folder "$name"
        report "$name" "${done:-was not running}, data removed"
    fi
}

native_status() {
    local name port pid failed=0
    for name; do
        port=$(port_of "$name")
        if ! pid=$(process_of "$name"); then
            report "$name" "down$([ ! -f "$DATA/$name/place" ] || echo ", data kept in $(shown "$(place "$name")")")"
            failed=1
        elif "${name}_answers" "$port" >/dev/null 2>&1; then
            report_ready "$name" "$port"
        else
            report "$name" "process $pid gives no good answer at 127.0.0.1:$port; log in $(shown "$(log_of "$name")")"
            failed=1
        fi
    done
    return "$failed"
}

running() {
    local name
    for name; do ! process_of "$name" >/dev/null || return 0; done
    return 1
}
