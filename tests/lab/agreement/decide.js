'use strict';
/* What two independent clients of MTA-STS decide about domains.
 *
 *     node decide.js FOLDER <DOMAINS
 *
 * FOLDER has the packages in node_modules; DOMAINS has a name a line. Prints a JSON object for each domain:
 *
 *     {"domain": "example.test", "hosts": ["mx.example.test"],
 *      "mailauth": {"status": "found", "mode": "enforce", "error": null, "mx": {"mx.example.test": true}},
 *      "mx-connect": {"mode": "enforce", "mx": {"mx.example.test": true}, "dane": {"mx.example.test": "good"}}}
 *
 * mode is null without a policy that can be used. mx says of each MX host whether the policy lets mail go there; null: the
 * client did not come so far. dane: "good", "bad"; null without secure TLSA records, or when nobody answers. mailauth is asked to
 * hold to RFC 8461 (strict). The resolver is that of /etc/resolv.conf, the CA that of NODE_EXTRA_CA_CERTS.
 */

const dns = require('dns').promises;
const https = require('https');
const path = require('path');
const readline = require('readline');
const dane = require('./dane');

const AT_ONCE = 40;
const CONNECT_MS = 3000;
const DECIDE_MS = 20000; // the clients' own limits let a slow server go on for ever
const modules = path.join(path.resolve(process.argv[2]), 'node_modules');
const sts = require(path.join(modules, 'mailauth/lib/mta-sts'));
const mxConnect = require(path.join(modules, 'mx-connect'));

/* What the promise gives, or `late` when that takes too long. */
function within(promise, late) {
    let timer;
    const limit = new Promise(resolve => {
        timer = setTimeout(resolve, DECIDE_MS, late);
    });
    return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

/* Ends what is still being fetched from a policy host, as it may be without an end. */
function drop(domain) {
    for (const [name, sockets] of Object.entries(https.globalAgent.sockets)) {
        if (name.includes(`mta-sts.${domain}`)) {
            sockets.forEach(socket => socket.destroy());
        }
    }
}

async function hostsOf(domain) {
    try {
        const records = await dns.resolveMx(domain);
        return records.map(record => record.exchange).filter(Boolean);
    } catch (err) {
        return err.code === 'ENODATA' ? [domain] : []; // RFC 5321 5.1: without MX, the domain's own addresses
    }
}

async function askMailauth(domain, hosts) {
    const late = { policy: { mode: 'none', error: { code: 'late' } }, status: 'errored' };
    const { policy, status } = await within(sts.getPolicy(domain, false, { strict: true }), late);
    const found = status === 'found';
    const mx = hosts.map(host => [host, sts.validateMx(host, policy).valid]);
    return {
        status,
        mode: found ? policy.mode : null,
        error: policy.error ? policy.error.code || policy.error.message : null,
        mx: Object.fromEntries(mx)
    };
}

/* Connects to one MX host as a sender would, and keeps in `seen` what the client's own log says of the policy. */
async function connect(domain, host, seen) {
    const cache = {
        get: async () => false,
        set: async (_, policy) => {
            seen.mode = policy.error || policy.id === false ? null : policy.mode;
        }
    };
    const logger = entry => {
        seen.allowed = entry.success;
    };
    try {
        const connection = await mxConnect({
            target: domain,
            mx: [{ exchange: host }],
            maxConnectTime: CONNECT_MS,
            mtaSts: { enabled: true, cache, logger },
            dane: { enabled: true, resolveTlsa: dane.resolveTlsa }
        });
        connection.socket.on('error', () => {});
        seen.dane = await dane.verdict(connection);
        connection.socket.destroy();
    } catch (err) {
        if (err.category === 'policy') {
            seen.allowed = false;
        } else if (err.category === 'dane') {
            seen.dane = 'bad';
        }
    }
}

async function askMxConnect(domain, hosts) {
    const seen = hosts.map(() => ({ mode: null, allowed: null, dane: null }));
    await Promise.all(hosts.map((host, i) => within(connect(domain, host, seen[i]))));
    drop(domain);
    return {
        mode: seen.length ? seen[0].mode : null,
        mx: Object.fromEntries(hosts.map((host, i) => [host, seen[i].allowed])),
        dane: Object.fromEntries(hosts.map((host, i) => [host, seen[i].dane]))
    };
}

async function decide(domain) {
    const hosts = await hostsOf(domain);
    const [mailauth, connected] = await Promise.all([askMailauth(domain, hosts), askMxConnect(domain, hosts)]);
    console.log(JSON.stringify({ domain, hosts, mailauth, 'mx-connect': connected }));
}

async function main() {
    const domains = [];
    for await (const line of readline.createInterface({ input: process.stdin })) {
        domains.push(line);
    }
    const work = async () => {
        while (domains.length) {
            await decide(domains.shift());
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    process.exit(0); // connections that hang are of no interest any more
}

main().catch(err => {
    console.error(err);
    process.exit(1);
});
