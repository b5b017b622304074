import { createServer, type AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.js';
import { runStack, temporaryDirectory } from '../support/test-stack.js';

const busy = createServer();
let busyPort: number;
let dataDir: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
  busyPort = (busy.address() as AddressInfo).port;
  dataDir = await temporaryDirectory();
});
afterAll(() => void busy.close());

/** Starts, and expects one sentence, a non-zero exit and nothing else. */
async function refusal(args: string[], env: Record<string, string>): Promise<string> {
  const stack = runStack(args, { DATA_DIR: dataDir, PORT: '0', ...env });
  const code = await stack.ended;
  const output = stack.output();
  expect(code).toBe(1);
  expect(output).not.toMatch(/^\s+at /m);
  const sentences = output.split('\n').filter((line) => line.startsWith('stack: '));
  expect(sentences).toHaveLength(1);
  return sentences[0]!;
}

describe('A start is refused with one clear sentence when', () => {
  const parts = [['start'], ['start', 'gateway'], ['start', 'identity'], ['start', 'subgraph', 'starter']];
  it.each(parts.map((args) => [args.join(' '), args] as const))('its port is in use: %s', async (_name, args) => {
    const url = process.env['STACK_TEST_CLUSTER']!;
    const sentence = await refusal([...args], {
      PORT: String(busyPort),
      DATABASE_URL: url.replace(/[^/]*$/, 'postgres'),
    });
    expect(sentence).toContain(`Port ${busyPort} on 127.0.0.1 is in use`);
  });

  it('the data directory cannot be written', async () => {
    const file = join(dataDir, 'a-file');
    await writeFile(file, '');
    expect(await refusal(['start'], { DATA_DIR: join(file, 'below') })).toContain(
      `${join(file, 'below')} cannot be written`,
    );
  });

  it.each([
    ['PORT', 'eighty'],
    ['PORT', '99999'],
    ['DATABASE_URL', 'mysql://localhost/x'],
    ['PUBLIC_URL', 'not a url'],
    ['DEPLOYMENT_CONTEXT', 'elsewhere'],
    ['LOG_LEVEL', 'loud'],
    ['STACK_DEMO_PASSWORD', 'short'],
    ['STARTER_DATABASE_URL', 'nonsense'],
    ['MONGODB_URI', 'http://localhost'],
    ['REDIS_URL', 'http://localhost'],
    ['REDIS_URL', 'redis://localhost/first'],
    ['RATE_LIMITS', 'some'],
    ['NATS_URL', 'http://localhost'],
    ['SMTP_URL', 'http://localhost'],
    ['SMTP_URL', 'smtp://localhost'],
    ['MAIL_FROM', 'stack@example.test'],
    ['S3_ENDPOINT', 'http://localhost'],
    ['S3_REGION', 'eu-central-1'],
    ['STARTER_DEPLOYMENT_CONTEXT', 'elsewhere'],
    ['STARTRE_DEPLOYMENT_CONTEXT', 'customer'],
    ['IDENTITY_DEPLOYMENT_CONTEXT', 'customer'],
  ])('the setting %s is %s', async (name, value) => {
    expect(await refusal(['start'], { [name]: value })).toContain(name);
  });

  it('MongoDB does not answer, and the password in its URI is not repeated', async () => {
    const port = await freePort();
    const sentence = await refusal(['start'], {
      MONGODB_URI: `mongodb://someone:a-secret@127.0.0.1:${port}/jobs?serverSelectionTimeoutMS=500`,
    });
    expect(sentence).toContain(`MongoDB at 127.0.0.1:${port} (database "jobs") is not there`);
    expect(sentence).not.toContain('a-secret');
  });

  it('the mail server does not answer, and the password in its URL is not repeated', async () => {
    const port = await freePort();
    const sentence = await refusal(['start'], {
      SMTP_URL: `smtp://someone:a-secret@127.0.0.1:${port}`,
      MAIL_FROM: 'stack@example.test',
    });
    expect(sentence).toContain(
      `SMTP_URL is set, and the mail server at 127.0.0.1:${port} cannot be used: ECONNREFUSED.`,
    );
    expect(sentence).not.toContain('a-secret');
  });

  it('jobs are to be kept in two places', async () => {
    expect(
      await refusal(['start', 'worker'], {
        MONGODB_URI: 'mongodb://localhost',
        JOBS_DATABASE_URL: 'postgres://localhost/jobs',
      }),
    ).toContain('MONGODB_URI and JOBS_DATABASE_URL are both set, and jobs are kept in one place.');
  });

  it('the database does not answer, and the password in its URL is not repeated', async () => {
    const port = await freePort();
    const sentence = await refusal(['start'], { DATABASE_URL: `postgres://someone:a-secret@127.0.0.1:${port}/stack` });
    expect(sentence).toContain(`127.0.0.1:${port}/stack`);
    expect(sentence).not.toContain('a-secret');
  });

  it.each([['start'], ['start', 'worker'], ['start', 'subgraph', 'starter']].map((args) => [args.join(' '), args]))(
    'files cannot be kept where the settings say, and no secret is repeated: %s',
    async (_name, args) => {
      const port = await freePort();
      const sentence = await refusal(args as string[], {
        S3_ENDPOINT: `http://127.0.0.1:${port}`,
        S3_BUCKET: 'stack-files',
        S3_ACCESS_KEY_ID: 'an-access-key',
        S3_SECRET_ACCESS_KEY: 'a-secret-key',
      });
      expect(sentence).toContain('Files cannot be kept in the bucket of S3_ENDPOINT.');
      expect(sentence).toContain(`"stack-files" at 127.0.0.1:${port}`);
      expect(sentence).not.toMatch(/an-access-key|a-secret-key/);

      const file = join(dataDir, 'no-folder');
      await writeFile(file, '');
      expect(await refusal(args as string[], { FILES_DIR: file })).toContain(`Files cannot be kept in ${file}.`);
    },
  );

  it('customers could reach development credentials', async () => {
    expect(await refusal(['start'], { DEPLOYMENT_CONTEXT: 'customer' })).toContain('STACK_SECRET');
    for (const guessable of [
      'x'.repeat(32),
      'change-me-3f9K2mQ7xLr4Tz8Wc1Vb6Ny3',
      'the-default-secret-of-this-stack-1',
    ]) {
      expect(await refusal(['start'], { DEPLOYMENT_CONTEXT: 'customer', STACK_SECRET: guessable })).toContain(
        'STACK_SECRET cannot be used where DEPLOYMENT_CONTEXT is "customer"',
      );
    }
    expect(
      await refusal(['start'], {
        DEPLOYMENT_CONTEXT: 'customer',
        STACK_SECRET: 'f9K2mQ7xLr4Tz8Wc1Vb6Ny3Hd5Gj0Psu',
        STACK_DEMO_PASSWORD: 'password1234',
      }),
    ).toContain('STACK_DEMO_PASSWORD');
  });

  it('supergraph.yaml is missing or names what is not there', async () => {
    expect(await refusal(['start'], { SUPERGRAPH_CONFIG: 'no-such.yaml' })).toContain('no-such.yaml cannot be read');
    expect(await refusal(['start', 'subgraph', 'billing'], {})).toContain('There is no product "billing"');
  });
});
