'use strict';
/* DANE for mx-connect: TLSA records of a validated answer, and the certificate that an MX host shows after STARTTLS. */

const { execFile } = require('child_process');
const { X509Certificate } = require('crypto');
const tls = require('tls');
const util = require('util');

const SECONDS = 10;
const LONGEST = 10000; // characters of one reply
const run = util.promisify(execFile);

/* The records of a name as mx-connect wants them. RFC 7672 2.2: those that are not secure count as none; an answer that
 * fails is an error. The resolver says which, as it validates. */
async function resolveTlsa(name) {
    const { stdout } = await run('dig', ['+noall', '+comments', '+answer', '+adflag', `+time=${SECONDS}`, '+tries=1', name, 'TLSA']);
    const status = (stdout.match(/status: ([A-Z]+)/) || [])[1];
    if (status !== 'NOERROR') {
        throw Object.assign(new Error(`${name}: ${status}`), { code: status === 'NXDOMAIN' ? 'ENOTFOUND' : 'ESERVFAIL' });
    }
    if (!/flags:[a-z ]* ad[ ;]/.test(stdout)) {
        return [];
    }
    const rows = stdout.split('\n').map(line => line.split(/\s+/)).filter(row => row[3] === 'TLSA');
    return rows.map(([, , , , usage, selector, mtype, ...data]) => ({
        usage: Number(usage),
        selector: Number(selector),
        mtype: Number(mtype),
        cert: Buffer.from(data.join(''), 'hex')
    }));
}

/* Sends the line, if there is one, and waits for a whole reply. */
function converse(socket, line) {
    return new Promise((resolve, reject) => {
        let text = '';
        const take = data => {
            text += data;
            if (text.length > LONGEST) {
                reject(new Error('endless'));
            }
            if (/^\d{3}(?: .*)?\r?\n$/m.test(text)) {
                socket.off('data', take);
                resolve(text);
            }
        };
        socket.on('data', take);
        socket.once('error', reject);
        socket.once('close', () => reject(new Error('closed')));
        if (line) {
            socket.write(line + '\r\n');
        }
    });
}

/* The certificate, in the form that mx-connect's verifier reads both selectors from. */
async function certificateOf(socket, host) {
    socket.setTimeout(SECONDS * 1000, () => socket.destroy());
    for (const line of [null, 'EHLO sender.test', 'STARTTLS']) {
        const reply = await converse(socket, line);
        if (!reply.startsWith('2')) {
            throw new Error(reply);
        }
    }
    const secure = tls.connect({ socket, servername: host, rejectUnauthorized: false });
    await new Promise((resolve, reject) => {
        secure.once('secureConnect', resolve);
        secure.once('error', reject);
        secure.once('close', () => reject(new Error('closed')));
    });
    const certificate = new X509Certificate(secure.getPeerCertificate().raw);
    return { raw: certificate.raw, publicKey: certificate.publicKey.export({ type: 'spki', format: 'pem' }) };
}

/* "good", "bad" or null (no secure TLSA records): what the verifier of a connection says of the host. */
async function verdict(connection) {
    if (!connection.daneVerifier) {
        return null;
    }
    try {
        const certificate = await certificateOf(connection.socket, connection.hostname);
        return connection.daneVerifier(connection.hostname, certificate) ? 'bad' : 'good';
    } catch {
        return 'bad'; // connection.requireTls: without TLS no mail
    }
}

module.exports = { resolveTlsa, verdict };
