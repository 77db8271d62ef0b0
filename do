#!/usr/bin/env bash
# Everything that is done with a checkout of sealpost; ./do alone says what there is.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

usage() {
    cat <<'END'
./do run [DOMAIN]             build, set up a demo for DOMAIN (example.test) and serve its policy here
./do build                    build the program in build/
./do test                     run every test: ASan and UBSan, valgrind, lints (under 20 minutes)
./do soak                     the same with every long loop in full
./do lint                     the lints, the code's format, clang-tidy
./do format                   put the code into its format
./do manual                   draft what the manual pages lack of the program's commands, options, keys, events
./do fuzz [TARGET] [SECONDS]  fuzz one parser or all of them (60 seconds each)
./do bench [NAME]             measure what is claimed to be fast
./do lab up|shell|run|status|down
                              a small internet in namespaces, to try things in (as root; tests/lab/README.md)
./do fresh [RELEASE] [USER]   try run and test on a bare Debian made for it (as root)

Missing Debian packages are installed; the list and the command are shown first. SEALPOST_NO_INSTALL=1
leaves the system alone.
END
}

say() { printf '%s\n' "$*" >&2; }
die() {
    say "./do: $*"
    exit 2
}

# --- what each task needs -----------------------------------------------------------------------

# Debian packages; "a|b" takes the first that the release has, and "a|" is done without where it has
# none. The names hold on Debian 12 and 13 and on Ubuntu 24.04. nettle-dev is there because libunbound's pkg-config file asks for it.
packages_for() {
    local build="gcc libc6-dev meson ninja-build pkgconf|pkg-config python3
        libcurl4-openssl-dev libdeflate-dev libevent-dev libgmime-3.0-dev libidn2-dev libjansson-dev libpsl-dev
        libsqlite3-dev libssl-dev libunbound-dev nettle-dev zlib1g-dev"
    local run="ca-certificates curl dns-root-data openssl"
    local test="libcmocka-dev python3-dkim python3-nacl systemd systemd-container valgrind scdoc"
    local lab="$run apache2 bind9-dnsutils caddy dovecot-imapd haproxy iproute2 knot knot-dnsutils nftables
        nginx-light|nginx pebble postfix postfix-mta-sts-resolver unbound util-linux"
    local clang="clang libclang-rt-dev|libclang-rt-18-dev|libclang-rt-14-dev"
    local node=
    { command -v node && command -v npm; } >/dev/null || node="nodejs npm" # from wherever they are
    test+=" $node"
    case $1 in
    build) echo "$build" ;;
    run) echo "$build $run" ;;
    test) echo "$build $test $lab" ;;
    lab) echo "$build $lab" ;;
    fuzz) echo "$build libcmocka-dev $clang" ;;
    lint) echo "$build $test $lab $clang clang-format clang-tidy" ;;
    bench) echo "$build $run apache2 caddy| h2o| iproute2 jq knot nginx-light|nginx unbound util-linux" ;;
    format) echo "clang-format" ;;
    fresh) echo "debootstrap" ;;
    esac
}

# The same as programs and pkg-config modules, for systems without dpkg.
programs_for() {
    local build="cc meson ninja pkg-config python3"
    local lab="apache2 apachectl caddy curl dig dovecot haproxy ip kdig keymgr knotc knotd knsupdate nft nginx openssl
        mta-sts-query pebble postconf unbound unshare"
    case $1 in
    build) echo "$build" ;;
    lab) echo "$build $lab" ;;
    run) echo "$build curl openssl" ;;
    test) echo "$build $lab node npm systemd-analyze systemd-nspawn valgrind scdoc" ;;
    fuzz) echo "$build clang" ;;
    lint) echo "$build $lab node npm systemd-analyze systemd-nspawn valgrind scdoc clang clang-format clang-tidy" ;;
    bench) echo "$build apache2 curl ip jq keymgr knotd nginx openssl unbound unshare" ;;
    format) echo "clang-format" ;;
    fresh) echo "debootstrap" ;;
    esac
}

modules_for() {
    local build="gmime-3.0 jansson libcrypto libcurl libdeflate libevent_core libevent_extra libevent_openssl libidn2 libpsl
        libssl libunbound sqlite3 zlib"
    case $1 in
    build | run | bench) echo "$build" ;;
    test | fuzz | lint) echo "$build cmocka" ;;
    esac
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Prints the packages of a task that are not installed, alternatives resolved.
missing_packages() {
    local wanted name found
    for wanted in $(packages_for "$1"); do
        found=
        for name in ${wanted//|/ }; do
            if installed "$name"; then
                found=yes
                break
            fi
        done
        [ -n "$found" ] || echo "$wanted"
    done
}

# The first of "a|b" that this release has.
choose_package() {
    local name
    for name in ${1//|/ }; do
        if [ -n "$(apt-cache policy "$name" 2>/dev/null | sed -n 's/^ *Candidate: *(none)$//; s/^ *Candidate: //p')" ]; then
            echo "$name"
            return
        fi
    done
    [ "${1%|}" != "$1" ] || echo "${1%%|*}"
}

# What is wanted of these packages are programs; their services are none of our business.
service_of() {
    case $1 in
    apache2) echo apache2.service ;;
    caddy) echo caddy.service ;;
    dovecot-imapd) echo dovecot.service ;;
    h2o) echo h2o.service ;;
    haproxy) echo haproxy.service ;;
    knot) echo knot.service ;;
    nginx | nginx-light) echo nginx.service ;;
    postfix) echo postfix.service ;;
    unbound) echo unbound.service ;;
    esac
}

# install PACKAGE...: by apt, which would start the services among them: they stay off.
install() {
    local package service services=() status=0 policy=
    if [ -d /run/systemd/system ]; then
        for package; do
            service=$(service_of "$package")
            [ -z "$service" ] || services+=("$service")
        done
    elif [ ! -e /usr/sbin/policy-rc.d ]; then # what invoke-rc.d asks where there is no systemd
        policy=/usr/sbin/policy-rc.d
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod 755 "$policy"
    fi
    if [ ${#services[@]} -gt 0 ]; then
        say "Only the programs are needed; kept off: ${services[*]}"
        "${as_root[@]}" systemctl --quiet --runtime mask "${services[@]}"
    fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q install --yes --no-install-recommends \
        "$@" </dev/null >&2 || status=$?
    if [ ${#services[@]} -gt 0 ]; then
        "${as_root[@]}" systemctl --quiet --runtime unmask "${services[@]}"
        "${as_root[@]}" systemctl --quiet disable "${services[@]}" 2>/dev/null || true
    fi
    [ -z "$policy" ] || "${as_root[@]}" rm -f "$policy"
    return "$status"
}

need_on_debian() {
    local missing as_root=() wanted names=()
    missing=$(missing_packages "$1")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "these Debian packages are missing, and installing them needs root or sudo. As root, run
  apt-get update && apt-get install --no-install-recommends $(printf '%s' "$missing" | sed 's/|.*//' | tr '\n' ' ')"
        as_root=(sudo)
    fi
    say "Missing Debian packages: $(echo "$missing" | sed 's/|.*//' | tr '\n' ' ')"
    say "Installing them: ${as_root[*]}${as_root[*]:+ }apt-get update"
    "${as_root[@]}" apt-get -qq update >&2 || die "apt-get update failed; see its message above"
    for wanted in $missing; do
        wanted=$(choose_package "$wanted")
        [ -z "$wanted" ] || names+=("$wanted")
    done
    [ ${#names[@]} -gt 0 ] || return 0
    say "Installing them: ${as_root[*]}${as_root[*]:+ }apt-get install --yes --no-install-recommends ${names[*]}"
    install "${names[@]}" || die "apt-get could not install what is needed; see its message above"
}

# The name by which this system calls itself.
system_name() {
    local PRETTY_NAME=
    # shellcheck source=/dev/null # the system's own
    [ ! -r /etc/os-release ] || . /etc/os-release
    echo "${PRETTY_NAME:-this system}"
}

need_elsewhere() {
    local name missing=()
    for name in $(programs_for "$1"); do
        command -v "$name" >/dev/null || missing+=("the program $name")
    done
    for name in $(modules_for "$1"); do
        pkg-config --exists "$name" 2>/dev/null || missing+=("the library $name with its headers")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    say "./do: $(system_name) has no apt-get, so nothing is installed by itself: that is done on Debian 12 or newer and"
    say "on Ubuntu 24.04. By its own means, please install:"
    printf '    %s\n' "${missing[@]}" >&2
    exit 2
}

need() {
    if [ -n "${SEALPOST_NO_INSTALL:-}" ]; then
        return 0
    elif command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
        need_on_debian "$1"
    else
        need_elsewhere "$1"
    fi
}

# --- building -------------------------------------------------------------------------------------

# setup FOLDER OPTION...: configures a build folder, again only when the options changed.
setup() {
    local folder=$1 wanted
    shift
    wanted="${CC:-cc} $*"
    if [ -f "$folder/build.ninja" ] && [ "$(cat "$folder/.options" 2>/dev/null)" = "$wanted" ]; then
        return 0
    fi
    say "Configuring $folder"
    rm -rf "$folder"
    meson setup "$folder" "$@" >"$folder.log" 2>&1 || {
        cat "$folder.log" >&2
        die "meson could not configure $folder"
    }
    mv "$folder.log" "$folder/setup.log"
    echo "$wanted" >"$folder/.options"
}

# compile FOLDER: says nothing when there is nothing to do.
compile() {
    local folder=$1
    if ninja -C "$folder" -n 2>/dev/null | grep -q 'no work to do'; then
        return 0
    fi
    say "Building $folder"
    if [ -t 2 ]; then
        ninja -C "$folder" >&2
    else
        ninja -C "$folder" >"$folder/build.log" 2>&1 || {
            grep -v '^\[[0-9]*/[0-9]*\] \(Compiling\|Linking\|Generating\)' "$folder/build.log" >&2
            die "$folder does not build"
        }
        # Warnings are worth seeing even where they are not errors.
        grep -A4 'warning:' "$folder/build.log" >&2 || true
    fi
}

build_program() {
    need "${1:-build}"
    setup build -Dtests=false
    compile build
}

# node_packages BUILD-FOLDER: what tests/lab/test_agreement.py and test_clients.py run, exactly as the lock file has it. Without the
# network there is nothing to compare with, which that test says.
node_packages() {
    local from=tests/lab/agreement folder=$1/tests/lab/agreement
    cmp -s "$from/package-lock.json" "$folder/installed.json" && return 0
    say "Fetching npm packages into $folder"
    mkdir -p "$folder"
    cp "$from/package.json" "$from/package-lock.json" "$from/.npmrc" "$folder/"
    if (cd "$folder" && npm ci --loglevel=error) >&2; then
        cp "$from/package-lock.json" "$folder/installed.json"
    else
        say "./do: npm could not fetch them; tests/lab/test_agreement.py and test_clients.py have nothing to run"
    fi
}

# --- the tasks --------------------------------------------------------------------------------------

task_build() {
    build_program build
    say "build/src/sealpost is up to date."
}

task_run() {
    build_program run
    exec tools/demo.sh "${1:-example.test}"
}

task_test() {
    need test
    export SEALPOST_SOAK="${SEALPOST_SOAK:-0}"
    export SEALPOST_SEED="${SEALPOST_SEED:-$(date +%s)}"
    say "SEALPOST_SEED=$SEALPOST_SEED SEALPOST_SOAK=$SEALPOST_SOAK"
    local began=$SECONDS
    setup build-asan -Db_sanitize=address,undefined -Dwerror=true
    setup build-valgrind
    compile build-asan
    compile build-valgrind
    node_packages build-asan
    tools/run_tests.py build-asan --valgrind build-valgrind --built-in "$((SECONDS - began))" "$@"
}

task_soak() {
    SEALPOST_SOAK=1 task_test "$@"
}

sources() { git ls-files -z -- 'src/*.c' 'src/*.h' 'tests/*.c' 'tests/*.h' 'bench/*.c' 'bench/*.h'; }

task_lint() {
    local failed=0
    need lint
    say "Lints"
    CC=clang setup build-release-clang -Dbuildtype=release -Dwerror=true
    compile build-release-clang
    tools/run_tests.py build-release-clang --suite lint || failed=1
    say "Format"
    sources | xargs -0 clang-format --dry-run -Werror ||
        {
            say "./do format puts this right."
            failed=1
        }
    say "clang-tidy"
    tools/clang_tidy.py build-release-clang || failed=1
    return "$failed"
}

task_format() {
    need format
    sources | xargs -0 clang-format -i
    git diff --stat
}

task_manual() {
    build_program build
    tools/manual.py . build
    git diff --stat -- man
}

task_fuzz() {
    need fuzz
    tools/fuzz.sh "$@"
}

task_bench() {
    need bench
    [ -x bench/run ] || die "there is nothing to measure yet: bench/run is missing"
    CC=gcc setup build-bench -Dbuildtype=release -Dtests=false
    compile build-bench
    exec bench/run build-bench "$@"
}

task_lab() {
    case ${1:-} in
    up | shell | run)
        build_program lab
        ;;
    down | status) ;;
    *) die "say ./do lab up, shell, run, status or down" ;;
    esac
    exec python3 tests/lab/lab.py "$@"
}

task_fresh() {
    need fresh
    exec tools/fresh.sh "$@"
}

main() {
    local task=${1:-}
    [ $# -gt 0 ] && shift
    case $task in
    run | build | test | soak | lint | format | manual | fuzz | bench | lab | fresh) "task_$task" "$@" ;;
    need) need "$@" ;; # install what a task needs, for .ci/run
    "" | help | --help | -h) usage ;;
    *)
        usage >&2
        die "there is no $task"
        ;;
    esac
}

main "$@"
