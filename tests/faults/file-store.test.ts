import { rm } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import S3rver from 's3rver';
import { freePort } from '../support/free-port.js';
import { temporaryDirectory, TestStack, until, type StackMode } from '../support/test-stack.js';

const BUCKET = 'stack-files';

/** A server that speaks S3, with one bucket; what it stores outlives it. */
async function startS3(directory: string, port: number): Promise<{ stop(): Promise<void> }> {
  const server = new S3rver({
    port,
    address: '127.0.0.1',
    silent: true,
    vhostBuckets: false,
    directory,
    configureBuckets: [{ name: BUCKET }],
  });
  await server.run();
  return {
    async stop() {
      server.httpServer.closeAllConnections();
      await server.close();
    },
  };
}

describe('A stack whose files are in a bucket', () => {
  it.each<[StackMode, string]>([
    ['one-process', 'gateway'],
    ['apart', 'platformforge'],
  ])(
    'says in words that the bucket is gone, goes on answering, and is ready again when it is back: %s',
    async (mode, part) => {
      const [directory, port] = await Promise.all([temporaryDirectory(), freePort()]);
      let s3 = await startS3(directory, port);
      const stack = await TestStack.start({
        mode,
        settings: {
          S3_ENDPOINT: `http://127.0.0.1:${port}`,
          S3_BUCKET: BUCKET,
          S3_ACCESS_KEY_ID: 'S3RVER',
          S3_SECRET_ACCESS_KEY: 'S3RVER',
        },
      });
      const ready = () => fetch(`${stack.partUrl(part)}/ready`);
      const ada = await stack.signIn('ada@acme.test');
      const viewer = async () => (await ada.query('{ viewer { user { email } } }')).body;

      await s3.stop();
      await until('it is not ready', async () => (await ready()).status === 503);
      const { parts } = (await (await ready()).json()) as { parts: { name: string; reason: string | null }[] };
      const { reason } = parts.find(({ name }) => name === 'file store')!;
      expect(reason).toContain(`bucket "${BUCKET}" at 127.0.0.1:${port}`);
      expect(reason).not.toContain('S3RVER');
      expect(await viewer()).toEqual({ data: { viewer: { user: { email: 'ada@acme.test' } } } });

      s3 = await startS3(directory, port);
      await until('it is ready', async () => (await ready()).ok);
      expect(await stack.signal('SIGTERM')).toEqual(stack.processes.map(() => 0));
      await stack.close();
      await s3.stop();
      await rm(directory, { recursive: true, force: true });
    },
  );
});
