import { cp, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generatedPlatform, HOSTILE_NAME, type GeneratedPlatform } from './generated-platform.js';
import { startNode } from './own-process.js';

let platform: GeneratedPlatform;
let deployment: Server;
let where: string;
beforeAll(async () => {
  platform = await generatedPlatform('internal-probe', { name: HOSTILE_NAME });
  deployment = createServer(async ({ url }, response) => {
    const page = await readFile(join(platform.folder, 'served', url!.replace('/probe/', ''))).catch(() => null);
    response.writeHead(page ? 200 : 404).end(page);
  }).listen(0, '127.0.0.1');
  await once(deployment, 'listening');
  where = `http://127.0.0.1:${(deployment.address() as AddressInfo).port}/probe/`;
});
afterAll(async () => {
  deployment.close();
  await platform.remove();
});

async function check(address: string): Promise<{ ended: number | NodeJS.Signals; said: string }> {
  const checking = startNode(['check.js', address], platform.folder);
  return { ended: await checking.ended, said: checking.output() };
}

describe('A smoke probe of ours', () => {
  it('finds what is served as it was generated, what is not there, and what was changed on the way', async () => {
    const missing = await check(where);
    expect(missing).toEqual({ ended: 1, said: `${where}index.html answered 404.\n` });

    await cp(join(platform.folder, 'public'), join(platform.folder, 'served'), { recursive: true });
    expect(await check(where)).toEqual({ ended: 0, said: 'served as generated\n' });

    await writeFile(join(platform.folder, 'served', 'probe.json'), '{}');
    expect(await check(where)).toEqual({
      ended: 1,
      said: `${where}probe.json is served, and is not what was generated.\n`,
    });
  });

  it('asks to be told where it was put', async () => {
    expect(await check('somewhere')).toEqual({
      ended: 1,
      said: 'Say where it was put: node check.js https://host/path/\n',
    });
  });
});
