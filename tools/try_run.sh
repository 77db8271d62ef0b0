#!/usr/bin/env bash
# Uses ./do run as a person does: waits for what to try, tries every command of it, presses Ctrl-C.
#
#     try_run.sh [DOMAIN]
#
# Called by tools/fresh.sh, as root and as an ordinary user. Exit status 0 when all of it worked and no process
# is left.
set -euo pipefail
set -m # the demo gets a process group of its own, as a terminal's foreground job has
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

domain=${1:-example.test}
limit=1200 # seconds until it serves; it may have to install and build
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

fail() {
    printf 'try_run: %s\n' "$*" >&2
    kill -TERM -- "-$demo" 2>/dev/null || true
    exit 1
}

# The indented commands of what ./do run printed; `report show` says by status 1 that deliveries failed, `check` that
# the domain has no records, or by 3 that there is no DNS at all.
try_commands() {
    local command status expected
    while read -r command; do
        printf '$ %s\n' "$command"
        expected=0
        [[ $command != *"report show"* && $command != *"sealpost check"* ]] || expected=1
        status=0
        eval "$command" >"$out/answer" || status=$?
        cat "$out/answer"
        [[ $command != *"sealpost check"* || $status -ne 3 ]] || expected=3
        [ "$status" -eq "$expected" ] || fail "status $status"
        case $command in
        curl*mta-sts.txt) grep -q "^version: STSv1" "$out/answer" || fail "no policy" ;;
        curl*/healthz) grep -qx "ok" "$out/answer" || fail "it is not well" ;;
        curl*/metrics) grep -qx "sealpost_healthy 1" "$out/answer" || fail "no metrics" ;;
        curl*) fail "what this shall answer is not known here" ;;
        *"sealpost check"*) grep -q "the policy is valid" "$out/answer" || fail "the policy is not seen" ;;
        esac
    done < <(sed -n 's/^    \(\(curl\|export\|build\/src\/sealpost\) .*\)/\1/p' "$out/out")
}

processes() {
    local exe
    for exe in /proc/[0-9]*/exe; do
        [ "$(readlink "$exe" 2>/dev/null)" != "$PWD/build/src/sealpost" ] || echo "$exe"
    done
}

./do run "$@" >"$out/out" 2>"$out/err" &
demo=$!
until grep -q "Ctrl-C stops it" "$out/out" || ! kill -0 "$demo" 2>/dev/null || [ "$SECONDS" -gt "$limit" ]; do
    sleep 0.5
done
cat "$out/err" "$out/out"
grep -q "Ctrl-C stops it" "$out/out" || fail "./do run did not say what to try"
grep -q "^    _mta-sts\.$domain\..* TXT " "$out/out" || fail "no TXT record for $domain"
try_commands
began=$SECONDS
kill -INT -- "-$demo"
while kill -0 "$demo" 2>/dev/null; do
    [ $((SECONDS - began)) -le 10 ] || fail "Ctrl-C does not stop it"
    sleep 0.1
done
wait "$demo" || fail "./do run ended with status $?"
tail -n 5 "$out/err"
[ -z "$(processes)" ] || fail "processes are left: $(processes)"
