import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { s3FileStore } from '@inevitable/kit/host';
import { pino } from 'pino';
import { assertOurs } from '../parts/data-directory.js';
import type { FilesSettings, Settings } from '../settings/settings.js';
import { ok, problem, warning, type Check, type Said } from './check.js';
import { decoded } from './decoded.js';
import { reasonOf } from './place-of.js';

const ANSWER_WITHIN_MS = 4_000;

/**
 * NATS, Redis and the place of files: reached, with the credentials that are set. Nothing is written in them but what
 * every gateway tries Redis with, a count of nobody that expires.
 */
export const servicesCheck: Check = {
  name: 'services',
  async run({ settings }, signal) {
    if (!settings) return [];
    const { natsUrl, files } = settings;
    return Promise.all([lookAtNats(natsUrl, signal), lookAtRedis(settings), lookAtFiles(files)]);
  },
};

async function lookAtNats(url: string | undefined, signal: AbortSignal): Promise<Said> {
  if (url === undefined) return ok('NATS_URL is not set: events stay within each process.');
  const { hostname, port, username, password, protocol } = new URL(url);
  const place = `${hostname}:${port || 4222}`;
  try {
    const login = password
      ? { user: decoded(username), pass: decoded(password) }
      : username
        ? { auth_token: decoded(username) }
        : {};
    const tls = protocol === 'tls:';
    const { version, jetstream } = await askNats({ host: hostname, port: Number(port || 4222), tls, login, signal });
    if (!jetstream)
      return problem(`NATS ${version} at ${place} has no JetStream, which keeps the events.`, 'Start it with -js.');
    return ok(`NATS ${version} answers at ${place}, and takes the credentials that are set.`);
  } catch (error) {
    return problem(
      `NATS_URL is set, and NATS at ${place} cannot be used: ${reasonOf(error)}.`,
      'Start it, correct NATS_URL, or unset it: no part that uses it starts before that.',
    );
  }
}

async function lookAtRedis({ redisUrl: url, rateLimits }: Pick<Settings, 'redisUrl' | 'rateLimits'>): Promise<Said> {
  if (url === undefined) return ok('REDIS_URL is not set: each gateway counts rates for itself.');
  try {
    const { redisCounters } = await import('@inevitable/gateway/redis-counters');
    const counters = await redisCounters(url, { log: pino({ level: 'silent' }) });
    await counters.close();
    return ok(`Redis answers at ${new URL(url).host}, and takes the credentials that are set.`);
  } catch (error) {
    const what = `REDIS_URL is set, and ${reasonOf(error)}.`;
    return rateLimits === 'off'
      ? warning(what, 'Unset it, or start it before rates are limited: with RATE_LIMITS=off no gateway asks it.')
      : problem(what, 'Start it, correct REDIS_URL, or unset it: no gateway that limits rates starts before that.');
  }
}

interface NatsQuestion {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly login: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

interface NatsInfo {
  readonly version: string;
  readonly jetstream?: boolean;
}

/**
 * Signs in and asks for one PONG, by NATS' own protocol (docs.nats.io, "Client Protocol"): the stack's bus would make
 * its stream. Rejects with what the server says.
 */
function askNats({ host, port, tls, login, signal }: NatsQuestion): Promise<NatsInfo> {
  return new Promise((resolve, reject) => {
    let info: NatsInfo | null = null;
    const plain = connect({ host, port, signal });
    const late = setTimeout(() => fail(new Error('it does not answer')), ANSWER_WITHIN_MS);
    let socket: Socket = plain;
    const end = (): void => {
      clearTimeout(late);
      plain.destroy();
    };
    const fail = (error: Error): void => {
      end();
      reject(error);
    };
    const signIn = (): void => {
      const options = { verbose: false, pedantic: false, tls_required: tls, lang: 'node', version: '1', ...login };
      socket.write(`CONNECT ${JSON.stringify(options)}\r\nPING\r\n`);
    };
    const hear = (line: string): void => {
      if (line.startsWith('INFO ') && !info) {
        info = JSON.parse(line.slice(5)) as NatsInfo;
        if (!tls) return signIn();
        plain.removeAllListeners('data');
        socket = connectTls({ socket: plain, servername: host }, signIn);
        listen();
      } else if (line.startsWith('-ERR')) fail(new Error(line.slice(5).replace(/^'|'$/g, '')));
      else if (line === 'PONG' && info) {
        end();
        resolve(info);
      }
    };
    const listen = (): void => {
      let text = '';
      socket.on('data', (chunk) => {
        text += String(chunk);
        const lines = text.split('\r\n');
        text = lines.pop()!;
        for (const line of lines) hear(line);
      });
      socket.on('error', fail);
      socket.on('close', () => fail(new Error('it ended the connection')));
    };
    listen();
  });
}

async function lookAtFiles(files: FilesSettings): Promise<Said> {
  if (files.kind === 's3') {
    const store = s3FileStore({ ...files, answerWithinMs: ANSWER_WITHIN_MS });
    try {
      const { ready, reason } = await store.health();
      const place = `the bucket "${files.bucket}" at ${new URL(files.endpoint).host}`;
      if (ready) return ok(`Files are kept in ${place}, which answers with the credentials that are set.`);
      return problem(
        `Files cannot be kept in ${place}: ${reason ?? 'it is not ready'}`,
        'Start the server, or correct the S3 settings: no part that keeps files starts before that.',
      );
    } finally {
      await store.close();
    }
  }
  const { path } = files;
  const found = await stat(path).catch(() => null);
  if (!found) return ok(`Files will be kept in ${path}, which the first start makes.`);
  try {
    await assertOurs(path, 'another folder with FILES_DIR');
    await access(path, constants.W_OK);
    return ok(`Files are kept in ${path}.`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what = code ? `Files cannot be kept in ${path} (${code}).` : message;
    return process.getuid
      ? problem(what, 'Change its owner or its rights, or choose another with FILES_DIR.')
      : warning(what, 'Look at its rights.');
  }
}
