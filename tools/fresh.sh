#!/usr/bin/env bash
# Tries the two commands of the README where nothing is installed yet.
#
#     fresh.sh [FOLDER] [root|user]
#
# Called by `./do fresh`, as root. Makes a bare Debian 12 (debootstrap's minimal variant, git, bash, sudo) in
# FOLDER (/var/tmp/sealpost-fresh), kept as FOLDER/base for the next time, and in a copy of it, for root
# and for an ordinary user with sudo: the committed state of this checkout, `./do run` until it has served a
# policy, and `./do test`. apt's sources and its settings are those of this machine. The last line is
# "N passed, N failed".
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

top=${1:-/var/tmp/sealpost-fresh}
who=${2:-root user}
release=bookworm
base=$top/base
passed=0
failed=0

say() { printf '%s\n' "$*" >&2; }
die() {
    say "fresh: $*"
    exit 3
}

[ "$(id -u)" -eq 0 ] || die "debootstrap and chroot need root; run it by sudo"

mirror() {
    # shellcheck disable=SC2016 # apt fills these in
    apt-get indextargets --format '$(SITE) $(RELEASE)' 'Created-By: Packages' |
        sed -n "s/ $release\$//p" | head -n 1
}

make_base() {
    [ -f "$base/.complete" ] && return 0
    local from
    from=$(mirror)
    [ -n "$from" ] || die "apt of this machine knows no source of $release"
    say "Making a bare Debian ($release) in $base"
    rm -rf "$base"
    mkdir -p "$top"
    debootstrap --variant=minbase --include=git,sudo "$release" "$base" "$from" \
        >"$top/debootstrap.log" 2>&1 || die "debootstrap failed; see $top/debootstrap.log"
    cp /etc/apt/apt.conf.d/* "$base/etc/apt/apt.conf.d/"
    rm -f "$base/etc/apt/sources.list"
    cp -r /etc/apt/sources.list /etc/apt/sources.list.d "$base/etc/apt/" 2>/dev/null || true
    touch "$base/.complete"
}

# The same system once more, to be thrown away.
copy_base() {
    local root=$1
    rm -rf "$root"
    cp -a --reflink=auto "$base" "$root"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
}

unmount() {
    local root=$1
    umount -l "$root/dev" "$root/proc" 2>/dev/null || true
}

point() {
    local name=$1 log
    shift
    log=$top/$(echo "$name" | tr -c 'a-z0-9\n' '-').log
    say "$name (its output: $log)"
    if "$@" >"$log" 2>&1 </dev/null; then
        say "passed: $name"
        passed=$((passed + 1))
    else
        say "FAILED: $name"
        tail -n 40 "$log" >&2
        failed=$((failed + 1))
    fi
}

# What runs in the chroot: the demo until it has answered and printed what to try, then Ctrl-C.
# shellcheck disable=SC2016 # the chroot's shell expands it
run_once='
cd ~/sealpost || exit 1
./do run >run.out 2>run.err &
pid=$!
for i in $(seq 1200); do
    grep -q "Ctrl-C stops it" run.out 2>/dev/null && break
    kill -0 $pid 2>/dev/null || break
    sleep 0.5
done
cat run.err run.out
grep -q "Ctrl-C stops it" run.out || exit 1
eval "$(sed -n "s/^ *\(curl --cacert .*\)/\1/p" run.out)" | tee policy.out
kill -TERM $pid
wait $pid || exit 1
grep -q "^version: STSv1" policy.out
'

inside() {
    local root=$1 user=$2
    shift 2
    chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
        LANG=C.UTF-8 SEALPOST_SEED="${SEALPOST_SEED:-1}" setsid --wait su "$user" -s /bin/bash -c "$*"
}

try_as() {
    local user=$1 root=$top/$1 home
    copy_base "$root"
    # shellcheck disable=SC2064 # the folder of now
    trap "unmount '$root'" EXIT
    if [ "$user" = root ]; then
        home=/root
    else
        chroot "$root" useradd --create-home --shell /bin/bash "$user"
        echo "$user ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/$user"
        home=/home/$user
    fi
    git clone --quiet --no-hardlinks . "$root$home/sealpost"
    chroot "$root" chown -R "$user:" "$home/sealpost"
    point "do run as $user" inside "$root" "$user" "$run_once"
    point "do run again as $user" inside "$root" "$user" "$run_once"
    point "do test as $user" inside "$root" "$user" "cd ~/sealpost && ./do test"
    unmount "$root"
    trap - EXIT
}

make_base
for user in $who; do
    try_as "$user"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
