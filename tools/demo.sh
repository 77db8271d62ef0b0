#!/usr/bin/env bash
# Serves the policy of one domain on loopback ports, with a certificate from a CA made here.
#
#     demo.sh DOMAIN
#
# Called by `./do run`, which builds first. State is kept and used again: in build/demo for an ordinary
# user, in /var/lib/sealpost-demo for root, whose roles run as users of their own. Nothing outside that
# folder changes, except that root is asked for those users (said before it is done).
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

domain=$1
sealpost=$PWD/build/src/sealpost
host=mta-sts.$domain
first_port=8443
server=

if [ "$(id -u)" -eq 0 ]; then
    state=/var/lib/sealpost-demo
else
    state=$PWD/build/demo
fi
conf=$state/sealpost.conf
ca=$state/ca
export SEALPOST_CONFIG=$conf

say() { printf '%s\n' "$*" >&2; }
die() {
    say "./do run: $*"
    exit "${2:-3}"
}

# The users that serve gives its roles, and the groups that share the store (root only).
make_users() {
    local group user missing=()
    for group in sealpost sealpost-secrets; do
        getent group "$group" >/dev/null || missing+=("groupadd --system $group")
    done
    for user in sealpost sealpost-host sealpost-keeper; do
        getent passwd "$user" >/dev/null || missing+=("useradd --system --gid sealpost \
--groups sealpost-secrets --home-dir /nonexistent --shell /usr/sbin/nologin $user")
    done
    user=sealpost-admin # sees nothing of the store
    getent passwd "$user" >/dev/null || missing+=("useradd --system --user-group \
--home-dir /nonexistent --shell /usr/sbin/nologin $user")
    [ ${#missing[@]} -eq 0 ] && return 0
    say "As root, each role runs as a user of its own. Making them:"
    for command in "${missing[@]}"; do
        say "    $command"
        $command
    done
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The first free port from $1 on.
choose_port() {
    local port=$1
    until port_is_free "$port"; do
        port=$((port + 1))
        [ "$port" -lt $(($1 + 100)) ] || die "no free port from $1 to $port"
    done
    echo "$port"
}

write_config() {
    local listen="127.0.0.1:$port"
    if grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null; then
        listen="$listen, [::1]:$port"
    fi
    cat >"$conf" <<END
# Written by ./do run, anew at each start.
[store]
path = $state/store

[admin]
listen = 127.0.0.1:$admin_port
[host]
listen = $listen
END
}

make_ca() {
    mkdir -p "$ca"
    if [ -f "$ca/ca.pem" ] && openssl x509 -in "$ca/ca.pem" -noout -checkend 86400 >/dev/null; then
        return 0
    fi
    say "Making a local CA in $ca"
    rm -f "$ca"/*.pem
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
        -subj "/CN=sealpost demo CA" -addext "basicConstraints=critical,CA:TRUE" \
        -addext "keyUsage=critical,keyCertSign,cRLSign" \
        -keyout "$ca/ca.key" -out "$ca/ca.pem" 2>"$ca/log" || die "openssl: $(cat "$ca/log")"
}

# Sets chain_is_new when the certificate was made in this run.
make_certificate() {
    chain_is_new=
    if [ -f "$ca/$host.pem" ] && openssl x509 -in "$ca/$host.pem" -noout -checkend 86400 >/dev/null; then
        return 0
    fi
    say "Making a certificate for $host"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$host" \
        -keyout "$ca/$host.key" -out "$ca/$host.csr" 2>"$ca/log" || die "openssl: $(cat "$ca/log")"
    openssl x509 -req -in "$ca/$host.csr" -CA "$ca/ca.pem" -CAkey "$ca/ca.key" -CAcreateserial -days 397 \
        -extfile <(printf 'subjectAltName=DNS:%s\nbasicConstraints=CA:FALSE\n%s\n' "$host" \
            'extendedKeyUsage=serverAuth') \
        -out "$ca/$host.pem" 2>"$ca/log" || die "openssl: $(cat "$ca/log")"
    chain_is_new=yes
}

set_up_domain() {
    # The policy host of the demo is this machine's loopback, as in the curl line that is printed.
    local mx=() rest=(--address 127.0.0.1 --allow-private --rua "mailto:tls-reports@$domain")
    if "$sealpost" dns show "$domain" >/dev/null 2>&1; then
        return 0
    fi
    case $domain in
    *.test | *.example | *.invalid) mx=(--mx "mx1.$domain" --mx "mx2.$domain") ;;
    esac
    say "Setting up $domain"
    if ! timeout 60 "$sealpost" setup "$domain" "${mx[@]}" "${rest[@]}" </dev/null >"$state/setup.log" 2>&1; then
        [ ${#mx[@]} -eq 0 ] || die "$(cat "$state/setup.log")"
        say "The MX of $domain could not be looked up; taking mail.$domain for the demo."
        "$sealpost" setup "$domain" --mx "mail.$domain" "${rest[@]}" </dev/null >"$state/setup.log" 2>&1 ||
            die "$(cat "$state/setup.log")"
    fi
}

import_certificate() {
    if [ -z "$chain_is_new" ] && [ -f "$state/imported-$host" ]; then
        return 0
    fi
    "$sealpost" cert import --chain "$ca/$host.pem" --key "$ca/$host.key" >"$state/import.log" 2>&1 ||
        die "$(cat "$state/import.log")"
    touch "$state/imported-$host"
}

fetch() {
    curl --silent --fail --noproxy '*' --max-time 5 --cacert "$ca/ca.pem" \
        --resolve "$host:$port:127.0.0.1" "https://$host:$port/.well-known/mta-sts.txt"
}

stop() {
    trap - INT TERM
    if [ -n "$server" ]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" || true
    fi
    say "Stopped. The demo's state is in $state."
    exit 0
}

wait_until_it_answers() {
    local tries=0
    until fetch >"$state/policy.txt" 2>/dev/null; do
        tries=$((tries + 1))
        kill -0 "$server" 2>/dev/null || die "sealpost serve ended; its lines above say why"
        if [ "$tries" -gt 100 ]; then
            kill -TERM "$server" 2>/dev/null || true
            die "no answer on port $port after 20 seconds"
        fi
        sleep 0.2
    done
}

# The paths are short where the reader stands in this folder.
what_to_try() {
    # shellcheck disable=SC2016 # for the reader's shell
    local here='$PWD/'
    cat <<END

sealpost serves the policy of $domain. In another terminal, in this folder:

  Fetch it as a sending mail server does:
    curl --cacert ${ca#"$PWD/"}/ca.pem --resolve $host:$port:127.0.0.1 https://$host:$port/.well-known/mta-sts.txt

  The DNS records that announce it:
$("$sealpost" dns show "$domain" | sed 's/^/    /')

  Change it, and fetch it again:
    export SEALPOST_CONFIG=${conf/#"$PWD/"/"$here"}
    build/src/sealpost policy show $domain
    build/src/sealpost policy set $domain --mode enforce

  Look at it from outside, as a sending mail server does; what its DNS lacks is named too:
    build/src/sealpost check $domain --connect $host:443=127.0.0.1:$port --ca-file ${ca#"$PWD/"}/ca.pem

  See whether all is well, and what was counted (Prometheus):
    curl http://127.0.0.1:$admin_port/healthz
    curl http://127.0.0.1:$admin_port/metrics

  Read a report that a sender could send you:
    build/src/sealpost report show doc/examples/report-failing.json
    build/src/sealpost report show --json doc/examples/report-failing.json

Ctrl-C stops it.

END
}

main() {
    [[ $domain =~ ^[A-Za-z0-9.-]+$ ]] || die "$domain is not a domain name in ASCII form" 2
    if [ "$(id -u)" -eq 0 ]; then
        make_users
    fi
    mkdir -p "$state"
    port=$(choose_port "$first_port")
    admin_port=$(choose_port 8461)
    [ "$port" = "$first_port" ] || say "Port $first_port is taken; using $port."
    write_config
    make_ca
    make_certificate
    set_up_domain
    import_certificate
    trap stop INT TERM
    # In a session of its own, so that Ctrl-C reaches it once, by stop: a second signal hurries it.
    setsid "$sealpost" serve &
    server=$!
    wait_until_it_answers
    what_to_try
    wait "$server" || die "sealpost serve ended with status $?"
}

main
