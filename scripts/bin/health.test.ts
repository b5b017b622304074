import { execFile } from 'node:child_process';
import { afterEach, describe, expect, it } from '@jest/globals';
import { notReady, ready, type PartHealth } from '@inevitable/contract';
import { serveHealth } from '@inevitable/kit/host';

let close = (): Promise<void> => Promise.resolve();
afterEach(() => close());

/** Exit code and output of what a container runs, beside a part with these checks. */
async function healthOf(port: number): Promise<[number, string]> {
  const env = { HOST: '0.0.0.0', PORT: String(port) };
  return new Promise((resolve) =>
    execFile(process.execPath, ['scripts/bin/health.js'], { env }, (error, stdout) =>
      resolve([Number(error?.code ?? 0), stdout]),
    ),
  );
}
async function serving(...parts: readonly PartHealth[]): Promise<number> {
  const checks = Object.fromEntries(parts.map((part) => [part.name, () => part]));
  const served = await serveHealth({ host: '127.0.0.1', port: 0 }, checks);
  close = () => served.close();
  return Number(new URL(served.url).port);
}

describe('The health check of a container', () => {
  it('is passed by a part that is ready', async () =>
    expect(await healthOf(await serving(ready('worker')))).toEqual([0, '']));

  it('is failed by one that is not, with the reason of each of its parts, and by none at all', async () => {
    const port = await serving(ready('file store'), notReady('worker', 'it is starting'), notReady('events', 'gone'));
    expect(await healthOf(port)).toEqual([1, 'worker: it is starting\nevents: gone\n']);
    await close();
    close = () => Promise.resolve();
    expect(await healthOf(port)).toEqual([1, expect.stringContaining('ECONNREFUSED')]);
  });
});
