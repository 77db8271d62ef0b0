#!/usr/bin/env bash
# Tries the two commands of the README where nothing is installed yet.
#
#     fresh.sh [RELEASE] [root|user|ci]...
#
# Called by `./do fresh`, as root. Makes a bare Debian RELEASE (bookworm; debootstrap's minimal variant, git, sudo)
# in /var/tmp/sealpost-fresh/RELEASE/base, kept for the next time, and in copies of it, with the committed state
# of this checkout: `./do run` and `./do test`, as root and as an ordinary user with sudo (both unless one is named); for
# ci, .ci/run instead. What they print is kept beside the copies. apt's mirror and settings are those of this machine,
# or FRESH_MIRROR=URL. Everything runs in namespaces that end with it: no process and no mount is left behind,
# however it ends. The last line is "N passed, N failed".
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

release=bookworm
case ${1:-} in
"" | root | user | ci) ;;
*)
    release=$1
    shift
    ;;
esac
[ $# -gt 0 ] || set -- root user
top=/var/tmp/sealpost-fresh/$release
base=$top/base
passed=0
failed=0

say() { printf '%s\n' "$*" >&2; }
die() {
    say "fresh: $*"
    exit 3
}

[ "$(id -u)" -eq 0 ] || die "debootstrap and chroot need root; run it by sudo"

# apt's sources of this machine, for the release that is wanted.
sources() {
    local here
    here=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    if [ -n "${FRESH_MIRROR:-}" ]; then
        echo "deb $FRESH_MIRROR $release main"
        return
    fi
    # shellcheck disable=SC2016 # apt fills these in
    apt-get indextargets --format 'deb $(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        sed -n "s/^\(deb [^ ]*\) $here\(\|-[a-z]*\) main$/\1 $release\2 main/p" | sort -u
}

make_base() {
    [ -f "$base/.complete" ] && return 0
    local from
    from=$(sources | sed -n "s/^deb \([^ ]*\) $release main$/\1/p" | head -n 1)
    [ -n "$from" ] || die "apt of this machine knows no mirror of Debian; name one by FRESH_MIRROR=URL"
    say "Making a bare Debian ($release) in $base"
    rm -rf "$base"
    mkdir -p "$top"
    debootstrap --variant=minbase --include=git,sudo "$release" "$base" "$from" \
        >"$top/debootstrap.log" 2>&1 || die "debootstrap failed; see $top/debootstrap.log"
    find /etc/apt/apt.conf.d -type f ! -name 'docker-*' -exec cp -t "$base/etc/apt/apt.conf.d" {} +
    sources >"$base/etc/apt/sources.list"
    touch "$base/.complete"
}

# inside ROOT USER COMMAND: runs it there in namespaces of its own. Their first process reaps what is orphaned, and
# ends all others when it ends.
inside() {
    # shellcheck disable=SC2016 # the inner shell expands it
    setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child bash -c '
        trap "exit 130" INT TERM HUP
        mount --bind "$1" "$1" # / is then a mount, as it is on a real system
        cd "$1"
        mount -t proc proc "$1/proc"
        mount --bind /dev "$1/dev"
        mount -t tmpfs tmpfs "$1/dev/shm"
        mount -t devpts -o newinstance,ptmxmode=666 devpts "$1/dev/pts"
        mount --bind "$2" "$1/var/cache/apt/archives"
        chroot "$1" env --default-signal -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
            LANG=C.UTF-8 SEALPOST_SEED="${SEALPOST_SEED:-1}" setsid --wait su "$3" -s /bin/bash -c "$4" &
        wait $!
        exit $?' inside "$1" "$top/packages" "$2" "$3"
}

# The same system once more, with this checkout in the user's home.
copy_base() {
    local root=$1 user=$2 home=/root
    rm -rf "$root"
    cp -a --reflink=auto "$base" "$root"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    echo "127.0.0.1 localhost $(uname -n)" >"$root/etc/hosts"
    echo "::1 localhost" >>"$root/etc/hosts"
    if [ "$user" != root ]; then
        home=/home/$user
        chroot "$root" useradd --create-home --shell /bin/bash "$user"
        echo "$user ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/$user"
    fi
    git clone --quiet --no-hardlinks . "$root$home/sealpost"
    chroot "$root" chown -R "$user:" "$home/sealpost"
}

# point ROOT USER NAME COMMAND
point() {
    local name="$3 as $2" log began=$SECONDS
    log=$top/$(echo "$name" | tr -c 'a-z0-9\n' '-').log
    say "$name (its output: $log)"
    if inside "$1" "$2" "cd ~/sealpost && $4" >"$log" 2>&1 </dev/null; then
        say "passed: $name, $((SECONDS - began)) s"
        passed=$((passed + 1))
    else
        say "FAILED: $name, $((SECONDS - began)) s"
        tail -n 40 "$log" >&2
        failed=$((failed + 1))
    fi
}

# What is said where it cannot install: on a system without apt, and to a user without sudo.
# shellcheck disable=SC2016 # the shell inside expands it
elsewhere='
few=$(mktemp -d)
for name in bash env readlink dirname id sed tr python3; do
    ! path=$(command -v $name) || ln -s "$path" "$few/"
done
PATH=$few ./do run 2>&1 | tee "$few/out"
grep -q "the program ninja" "$few/out" && grep -q "the library gmime-3.0" "$few/out" && grep -q Debian "$few/out"
'
# shellcheck disable=SC2016
powerless='
if ./do run >/tmp/powerless 2>&1; then exit 1; fi
cat /tmp/powerless
grep -q "apt-get install .*libgmime-3.0-dev" /tmp/powerless
'
users_of_root='getent passwd sealpost-host && getent group sealpost-secrets'

try_as() {
    local user=$1 root=$top/$1
    copy_base "$root" "$user"
    point "$root" "$user" "another system" "$elsewhere"
    if [ "$user" = root ]; then
        point "$root" root "do run" "tools/try_run.sh && $users_of_root"
    else
        mv "$root/usr/bin/sudo" "$root/usr/bin/sudo.away"
        point "$root" "$user" "do run without sudo" "$powerless"
        mv "$root/usr/bin/sudo.away" "$root/usr/bin/sudo"
        point "$root" "$user" "do run" "tools/try_run.sh && ! { $users_of_root; }"
    fi
    point "$root" "$user" "do run again" "tools/try_run.sh"
    point "$root" "$user" "do run example.org" "tools/try_run.sh example.org"
    point "$root" "$user" "do test" "./do test"
}

main() {
    local who
    make_base
    mkdir -p "$top/packages/partial"
    for who; do
        if [ "$who" = ci ]; then
            copy_base "$top/ci" root
            point "$top/ci" root "ci run" "env CI=true bash .ci/run"
        else
            try_as "$who"
        fi
    done
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}

# Read to its end before it runs, so that a change of this file does not reach a trial under way.
{
    main "$@"
    exit
}
