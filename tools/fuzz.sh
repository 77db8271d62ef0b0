#!/usr/bin/env bash
# Fuzzes the parsers of foreign bytes with libFuzzer.
#
#     fuzz.sh [TARGET] [SECONDS]
#
# Called by `./do fuzz`. Without a target each one runs for SECONDS (60), two at a time. What is found
# grows a corpus in build-fuzz/corpus/TARGET, which later runs begin with; an input that breaks something is
# named and lies in build-fuzz/found. When it is mended, it goes to tests/fuzz/seeds/TARGET.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

seconds=60
targets=()
for word in "$@"; do
    if [[ $word =~ ^[0-9]+$ ]]; then
        seconds=$word
    else
        targets+=("$word")
    fi
done
if [ ${#targets[@]} -eq 0 ]; then
    for file in tests/fuzz/fuzz_*.c; do
        file=${file#tests/fuzz/fuzz_}
        targets+=("${file%.c}")
    done
fi

export CC=clang
if [ ! -f build-fuzz/build.ninja ]; then
    meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined >/dev/null
fi
ninja -C build-fuzz "${targets[@]/#/tests/fuzz/fuzz_}" >build-fuzz/build.log || {
    cat build-fuzz/build.log >&2
    exit 2
}
mkdir -p build-fuzz/found

# shellcheck disable=SC2317 # called by xargs
fuzz() {
    local target=$1 dictionary=() log=build-fuzz/$1.log
    mkdir -p "build-fuzz/corpus/$target"
    [ -f "tests/fuzz/$target.dict" ] && dictionary=("-dict=tests/fuzz/$target.dict")
    if "build-fuzz/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="build-fuzz/found/$target-" "${dictionary[@]}" \
        "build-fuzz/corpus/$target" "tests/fuzz/seeds/$target" >"$log" 2>&1; then
        echo "passed $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds seconds"
    else
        echo "FAILED $target; the end of $log:"
        tail -n 40 "$log"
        return 1
    fi
}
export -f fuzz
export seconds

status=0
printf '%s\0' "${targets[@]}" | xargs -0 -P 2 -I TARGET bash -c 'fuzz TARGET' || status=1
exit "$status"
