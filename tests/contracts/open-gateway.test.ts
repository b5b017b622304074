import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  accounts,
  notes,
  servedBy,
  TEST_SUPERGRAPH,
  type HttpPeer,
} from '../../gateway/test-support/test-subgraphs.js';
import { freePort } from '../support/free-port.js';
import { runStack, temporaryDirectory, until, type StackProcess } from '../support/test-stack.js';

let directory: string;
let subgraphs: readonly HttpPeer[];
let gateway: StackProcess;
let url: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
  subgraphs = await Promise.all([servedBy(accounts()), servedBy(notes())]);
  const [one, other] = subgraphs.map((subgraph) => `${subgraph.url}/graphql`);
  const sdl = TEST_SUPERGRAPH.replace('http://127.0.0.1:1/accounts/graphql', one!).replace(
    'http://127.0.0.1:1/notes/graphql',
    other!,
  );
  const supergraph = join(directory, 'supergraph.graphql');
  await writeFile(supergraph, sdl);
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  gateway = runStack(['start', 'gateway', '--supergraph', supergraph, '--port', String(port), '--auth', 'off'], {
    DATA_DIR: join(directory, 'unused'),
  });
  await until('the gateway is ready', async () => (await fetch(`${url}/ready`)).ok);
});
afterAll(async () => {
  gateway.child.kill();
  await gateway.ended;
  await Promise.all(subgraphs.map((subgraph) => subgraph.close()));
});

async function ask(query: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const body = JSON.stringify({ query });
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return response.json();
}

describe('A gateway without authentication', () => {
  it('answers from subgraphs that know nothing of this platform, where the supergraph file says they are', async () => {
    expect(await ask('{ open notes { text author { greeting } } }')).toEqual({
      data: {
        open: 'everybody',
        notes: [
          { text: 'one', author: { greeting: 'Hello ada@acme.test' } },
          { text: 'two', author: { greeting: 'Hello bob@acme.test' } },
        ],
      },
    });
  });

  it('tells no subgraph who asks', async () => {
    await ask('{ open notes { text } }');
    for (const { requests } of subgraphs) {
      expect(requests.length).toBeGreaterThan(0);
      for (const { headers } of requests) expect(headers).not.toHaveProperty('x-inevitable-context');
    }
  });

  it('takes every caller for nobody, whatever token is shown', async () => {
    expect(await ask('{ open }', { authorization: 'Bearer not-a-token' })).toEqual({ data: { open: 'everybody' } });
  });

  it('is well while its subgraphs are', async () => {
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ status: 'ready' });
  });

  it('needs no data directory', async () => {
    await expect(access(join(directory, 'unused'))).rejects.toThrow('ENOENT');
  });

  it('says in its log that it is open', () => {
    expect(gateway.output()).toContain('Authentication is off');
  });
});
