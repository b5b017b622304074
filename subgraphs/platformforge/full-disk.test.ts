import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { directoryFileStore } from '@inevitable/kit/host';
import { REGENERATE, testPlatformForge, type TestPlatformForge } from './testing/test-platform-forge.js';

interface Disk {
  readonly path: string;
  /** Until not one more byte has room. */
  fill(): Promise<void>;
  empty(): Promise<void>;
  unmount(): Promise<void>;
}

/** A disk of one megabyte, in a mount namespace that ends with its process. null: this machine lets us have none. */
async function smallDisk(): Promise<Disk | null> {
  const folder = await mkdtemp(join(tmpdir(), 'small-disk-'));
  const script = `mount -t tmpfs -o size=1m none "${folder}" && echo mounted && exec cat`;
  const holder = spawn('unshare', ['-rm', 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(holder, 'close').catch(() => undefined); // an error: there is no such program
  const unmount = async () => {
    holder.stdin.end();
    await ended;
    await rm(folder, { recursive: true });
  };
  const isMounted = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!isMounted) {
    await unmount();
    return null;
  }
  const path = `/proc/${holder.pid}/root${folder}`;
  const filler = join(path, '.filler');
  return {
    path,
    fill: () => expect(writeFile(filler, Buffer.alloc(2 * 1024 * 1024))).rejects.toThrow('ENOSPC'),
    empty: () => rm(filler),
    unmount,
  };
}

describe('A generation whose disk is full', () => {
  let disk: Disk | null;
  let forge: TestPlatformForge;
  beforeAll(async () => {
    disk = await smallDisk();
    if (disk) forge = await testPlatformForge({ files: await directoryFileStore(disk.path) });
  });
  afterAll(async () => {
    await forge?.close();
    await disk?.unmount();
  });

  it('fails in words, gives the quota back and leaves nothing half-written; with room again it is made', async () => {
    if (!disk) {
      console.warn('Not shown here, for a disk of our own cannot be mounted.');
      return;
    }
    await disk.fill();
    const { id } = await forge.generate('acme', { name: 'Too much', template: 'worker' });
    await forge.gaveUp();
    expect(await forge.show('acme', id)).toMatchObject({
      status: 'FAILED',
      failureReason: 'The store for artifacts is full. The quota was given back.',
      artifact: null,
    });
    expect(await forge.quota('acme')).toEqual({ used: 0, held: 0 });
    expect((await readdir(disk.path)).sort()).toEqual(['.drafts', '.filler']);
    expect(await readdir(join(disk.path, '.drafts'))).toEqual([]);

    await disk.empty();
    await forge.as({ tenant: 'acme', user: 'ada' }).query(REGENERATE, { id });
    await forge.settled();
    const made = await forge.show('acme', id);
    expect(made).toMatchObject({ status: 'READY', failureReason: null });
    expect(await forge.quota('acme')).toEqual({ used: 1, held: 0 });
    const fetched = await forge.as({ tenant: 'acme' }).fetch(new URL(made.artifact!.url).pathname);
    expect((await fetched.arrayBuffer()).byteLength).toBe(made.artifact!.sizeBytes);
  });
});
