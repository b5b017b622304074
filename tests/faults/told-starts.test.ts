import { rm } from 'node:fs/promises';
import { createTestDatabase } from '@inevitable/kit/testing';
import { expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.js';
import { DEMO_PASSWORD, runStack, temporaryDirectory, until, type StackProcess } from '../support/test-stack.js';

/** Lines that say what is waited for, or that nothing is any more. */
const toldBy = ({ printed }: StackProcess): string[] =>
  printed()
    .split('\n')
    .filter((line) => /waits for|without|is ready|has all/.test(line))
    .map((line) => line.trim());

const unreadyAt = async (port: number): Promise<string[]> => {
  const response = await fetch(`http://127.0.0.1:${port}/ready`);
  expect(response.status).toBe(503);
  const { parts } = (await response.json()) as { parts: { name: string; ready: boolean; reason: string }[] };
  return parts.filter(({ ready }) => !ready).map(({ name, reason }) => `${name}: ${reason}`);
};

it('A start says which part is not ready, once for each reason, then that it is ready; and stops at once', async () => {
  const database = await createTestDatabase('empty', () => Promise.resolve());
  const dataDir = await temporaryDirectory();
  const [identity, starter, gateway, other, nobody] = (await Promise.all([1, 2, 3, 4, 5].map(freePort))) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const at = (port: number): string => `http://127.0.0.1:${port}`;
  const start = (port: number, ...args: string[]): StackProcess =>
    runStack(['start', ...args], {
      DATA_DIR: dataDir,
      DATABASE_URL: database.url,
      STACK_DEMO_PASSWORD: DEMO_PASSWORD,
      SUPERGRAPH_SOURCE: 'files',
      IDENTITY_URL: at(identity),
      STARTER_URL: at(starter),
      OPERATIONS_URL: at(nobody),
      PLATFORMFORGE_URL: at(nobody),
      LOG_LEVEL: 'silent',
      PORT: String(port),
    });
  const subgraph = start(starter, 'subgraph', 'starter');
  const gateways = [start(gateway, 'gateway'), start(other, 'gateway')] as const;
  const all = [subgraph, ...gateways];
  try {
    await until('all say what they wait for', () => all.every((each) => toldBy(each).length > 0));
    const silence = `Identity did not answer at ${at(identity)}/internal/v1/`;
    expect(toldBy(subgraph)).toEqual([
      `subgraph starter waits for public URL: not told by identity: ${silence}verification-settings.`,
    ]);
    const waits = toldBy(gateways[0]);
    for (const line of waits) expect(line).toContain(silence);
    expect((await unreadyAt(gateway)).map((reason) => `gateway waits for ${reason}`)).toEqual(waits);
    expect((await unreadyAt(starter)).map((reason) => `subgraph starter waits for ${reason}`)).toEqual(
      toldBy(subgraph),
    );

    gateways[1].child.kill('SIGTERM');
    expect(await gateways[1].ended).toBe(0);

    all.push(start(identity, 'identity'));
    await until('what identity gives is there', () => {
      const withouts = toldBy(gateways[0]).filter((line) => line.startsWith('gateway serves without'));
      return withouts.length === 2 && toldBy(subgraph).some((line) => line.includes(' is ready'));
    });
    expect(toldBy(subgraph).at(-1)).toBe(`subgraph starter is ready: ${at(starter)}`);
    const since = toldBy(gateways[0]).slice(toldBy(gateways[0]).indexOf(`gateway is ready: ${at(gateway)}/graphql`));
    expect(since.slice(1).sort()).toEqual([
      expect.stringContaining(`gateway serves without operations: does not answer at ${at(nobody)}`),
      expect.stringContaining(`gateway serves without platformforge: does not answer at ${at(nobody)}`),
    ]);
    for (const each of all) expect(toldBy(each)).toEqual([...new Set(toldBy(each))]);
  } finally {
    for (const { child } of all) child.kill('SIGTERM');
    await Promise.all(all.map(({ ended }) => ended));
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  }
}, 120_000);
