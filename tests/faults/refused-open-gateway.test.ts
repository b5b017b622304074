import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { TEST_SUPERGRAPH } from '../../gateway/test-support/test-subgraphs.js';
import { runStack, temporaryDirectory } from '../support/test-stack.js';

let directory: string;
let supergraph: string;

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

beforeAll(async () => {
  directory = await temporaryDirectory();
  supergraph = await file('supergraph.graphql', TEST_SUPERGRAPH);
});

describe('A gateway without authentication is refused with one sentence', () => {
  async function refusal(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string> {
    const refused = runStack(['start', 'gateway', ...args], { DATA_DIR: join(directory, 'unused'), ...env });
    expect(await refused.ended).not.toBe(0);
    const [sentence, ...more] = refused.output().trim().split('\n');
    expect(more).toEqual([]);
    return sentence!;
  }
  const open = (path: string, ...more: string[]) => ['--supergraph', path, '--port', '0', '--auth', 'off', ...more];

  it('without a supergraph file', async () => {
    expect(await refusal(['--auth', 'off'])).toContain('--auth off belongs to "stack start gateway --supergraph FILE"');
  });

  it('where customers could reach it', async () => {
    const env = { DEPLOYMENT_CONTEXT: 'customer', STACK_SECRET: 'f9K2mQ7xLr4Tz8Wc1Vb6Ny3Hd5Gj0Psu' };
    expect(await refusal(open(supergraph), env)).toContain(
      '--auth off is refused where DEPLOYMENT_CONTEXT is "customer"',
    );
  });

  it('when the file cannot be read', async () => {
    const path = join(directory, 'missing.graphql');
    expect(await refusal(open(path))).toBe(`stack: ${path} cannot be read (ENOENT).`);
  });

  it('when the file is no supergraph', async () => {
    const path = await file('plain.graphql', 'type Query { one: Int }');
    expect(await refusal(open(path))).toBe(
      `stack: ${path} is a schema without the enum join__Graph, so it was not composed of subgraphs.`,
    );
  });

  it('when the file does not say where a subgraph is', async () => {
    const path = await file('nowhere.graphql', TEST_SUPERGRAPH.replace('http://127.0.0.1:1/notes/graphql', ''));
    expect(await refusal(open(path))).toBe(
      `stack: ${path} gives subgraph "notes" the URL "", which is not an http(s) URL.`,
    );
  });

  it('when its port is in use', async () => {
    const busy = createServer();
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
    const { port } = busy.address() as AddressInfo;
    const refused = runStack(['start', 'gateway', ...open(supergraph, '--port', String(port))], {});
    expect(await refused.ended).toBe(1);
    expect(refused.output()).toContain(`stack: Port ${port} on 127.0.0.1 is in use`);
    await new Promise((resolve) => busy.close(resolve));
  });

  it.each([
    ['--auth', 'maybe', 'Allowed choices are on, off'],
    ['--port', 'eighty', 'A port is a number from 0 to 65535'],
    ['--port', '65536', 'A port is a number from 0 to 65535'],
  ])('when %s is %s', async (flag, value, reason) => {
    expect(await refusal(open(supergraph, flag, value))).toContain(reason);
  });
});
