#!/usr/bin/env node
// What a container's health check runs, of whatever part is in it: nothing is prepared or compiled for it.
import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';

if (process.argv.includes('--help')) {
  process.stdout.write(`Usage: node scripts/bin/health.js

Asks /ready of the part that runs beside it with the same settings (HOST, PORT, TLS_CERT_FILE). Exit code 0: it is ready.
1: it is not, and each reason is a line.
`);
  process.exit();
}

const { HOST = '', PORT, TLS_CERT_FILE } = process.env;
const everyAddress = ['', '0.0.0.0', '::'].includes(HOST);
const notReady = (...reasons) => {
  process.stdout.write(`${reasons.join('\n')}\n`);
  process.exit(1);
};

/** A gateway of its own certificate is asked at another name than the certificate's. */
const asked = (TLS_CERT_FILE ? overHttps : overHttp)({
  host: everyAddress ? '127.0.0.1' : HOST,
  port: PORT || 8080,
  path: '/ready',
  timeout: 5_000,
  rejectUnauthorized: false,
});
asked.on('timeout', () => asked.destroy(new Error('no answer within 5 s')));
asked.on('error', (error) => notReady(error.message));
asked.on('response', async (response) => {
  const text = (await response.setEncoding('utf8').toArray()).join('');
  if (response.statusCode === 200) process.exit();
  const reasons = reasonsIn(text);
  notReady(...(reasons.length ? reasons : [`/ready answered ${response.statusCode}`]));
});
asked.end();

function reasonsIn(text) {
  try {
    const { parts } = JSON.parse(text);
    return parts.filter(({ ready }) => !ready).map(({ name, reason }) => `${name}: ${reason}`);
  } catch {
    return []; // whatever answered, it was no part of the stack
  }
}
