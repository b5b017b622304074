import { createServer } from 'node:net';

/** Below what systems give of their own accord (from 32768 on Linux, from 49152 elsewhere), above the stack's own. */
const FIRST = 10_000;
const PER_WORKER = 2_000;
/** More workers than that share. */
const WORKERS = 11;

const first = FIRST + ((Number(process.env['JEST_WORKER_ID'] ?? 1) - 1) % WORKERS) * PER_WORKER;
/** Of a test file: not where the file before it began, whose clients may still be looking for their servers. */
let next = Math.floor(Math.random() * PER_WORKER);

/**
 * A port on which nothing listens, and which nobody but who asked for it is given until this worker has asked for 2,000
 * more: a process may take a minute until it listens. One of the system's choice is the system's to give again meanwhile,
 * to another test's stack or to a connection; that stack then answered for the one that could not listen.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PER_WORKER; tries++) {
    const port = first + (next++ % PER_WORKER);
    if (await isFree(port)) return port;
  }
  throw new Error(`Every port from ${first} to ${first + PER_WORKER - 1} is taken.`);
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
