import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FromChild, ToChild } from './messages.js';

const READY_WITHIN_MS = 60_000;
const STOPPED_WITHIN_MS = 3_000;
const KEPT_COMPLAINTS = 2_000;

export interface StartedProcess<Ready> {
  readonly pid: number;
  readonly ready: Ready;
  /** Rejects when the process could not do it, or ended before it answered. */
  ask<Answer>(order?: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

/**
 * Starts one of our modules as a process and waits until it says it is ready. Rejects with the last it complained about
 * when it ends, or says nothing for a minute.
 */
export async function startProcess<Ready>(module: URL, setup: unknown): Promise<StartedProcess<Ready>> {
  const child = fork(fileURLToPath(module), [JSON.stringify(setup)], {
    env: { ...process.env, NODE_ENV: 'production' }, // the peers check less and cache more with it
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaints = '';
  child.stderr!.on('data', (text: Buffer) => {
    complaints = (complaints + text.toString()).slice(-KEPT_COMPLAINTS);
  });

  /** The error's own line out of what Node prints around it. */
  const saidLast = (): string => /^\S*Error\b.*$/m.exec(complaints)?.[0] ?? complaints.trim();

  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let sayReady: (ready: unknown) => void;
  let sayFailed: (error: Error) => void;
  const ready = new Promise<unknown>((resolve, reject) => {
    sayReady = resolve;
    sayFailed = reject;
  });
  child.on('message', (message: FromChild) => {
    if (message.kind === 'ready') return sayReady(message.ready);
    const order = waiting.get(message.id)!;
    waiting.delete(message.id);
    if (message.kind === 'answer') order.resolve(message.value);
    else order.reject(new Error(message.reason));
  });
  child.on('close', (code, signal) => {
    const gone = new Error(`it ended with ${code ?? signal}. ${saidLast()}`);
    sayFailed(gone);
    for (const { reject } of waiting.values()) reject(gone);
  });

  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), STOPPED_WITHIN_MS);
    await ended;
    clearTimeout(kill);
  }

  const late = setTimeout(
    () => sayFailed(new Error(`it was not ready within a minute. ${saidLast()}`)),
    READY_WITHIN_MS,
  );
  try {
    const given = (await ready) as Ready;
    let orders = 0;
    return {
      pid: child.pid!,
      ready: given,
      ask: (order = null) =>
        new Promise((resolve, reject) => {
          const id = orders++;
          waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
          child.send({ id, order } satisfies ToChild);
        }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(late);
  }
}
