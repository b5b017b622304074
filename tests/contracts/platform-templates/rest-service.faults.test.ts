import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generatedPlatform, HOSTILE_NAME, type GeneratedPlatform } from './generated-platform.js';
import { install, runOwnTests, startNode, type OwnProcess } from './own-process.js';

let platform: GeneratedPlatform;
beforeAll(async () => {
  platform = await generatedPlatform('rest-service', {
    name: HOSTILE_NAME,
    parameters: { resource: 'usage-reports', bodyLimitKb: 1 },
  });
  await install(platform.folder);
});
afterAll(() => platform.remove());

async function start(): Promise<{ service: OwnProcess; url: string }> {
  const service = startNode(['src/main.js'], platform.folder, { PORT: '0' });
  const [, url] = await service.printed(/listening at (http:\/\/127\.0\.0\.1:\d+)/);
  return { service, url: url! };
}
async function stop({ child, ended }: OwnProcess): Promise<void> {
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
}
const write = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${url}/usage-reports`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

describe('A REST service, generated for a name that breaks out of anything, and installed', () => {
  it('passes its own tests', async () => {
    expect(await runOwnTests(platform.folder)).toMatch(/^# fail 0$/m);
  });

  it('takes what fits, gives it back, and refuses what does not fit', async () => {
    const { service, url } = await start();
    const written = await write(url, { name: 'first' }, { 'x-request-id': 'from-outside' });
    expect(written.status).toBe(201);
    expect(written.headers.get('x-request-id')).toBe('from-outside');
    const kept = await written.json();
    expect(kept).toEqual({ id: expect.any(String), name: 'first', tags: [], createdAt: expect.any(String) });
    expect(await (await fetch(url + written.headers.get('location')!)).json()).toEqual(kept);
    expect(await (await fetch(`${url}/usage-reports`)).json()).toEqual({ items: [kept] });

    const refused = await write(url, { name: 5 });
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { error: { code: 'BAD_INPUT', message: 'body/name must be string', requestId: expect.any(String) } },
    ]);
    expect((await write(url, { name: 'x'.repeat(2_000) })).status).toBe(413);
    await stop(service);
  });

  it('is healthy and ready, and describes itself by its own name', async () => {
    const { service, url } = await start();
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ ready: true, reason: null });
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    expect(await (await fetch(`${url}/openapi.json`)).json()).toMatchObject({
      openapi: '3.1.0',
      info: { title: HOSTILE_NAME, version: '0.1.0' },
      paths: { '/usage-reports/{id}': { get: expect.anything(), delete: expect.anything() } },
    });
    await stop(service);
  });

  it('finishes the request under way when it is stopped, and takes no other', async () => {
    const { service, url } = await start();
    const body = Buffer.from('{"name":"in the middle"}');
    const underWay = request(`${url}/usage-reports`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': body.length, expect: '100-continue' },
    });
    underWay.flushHeaders();
    await once(underWay, 'continue'); // the service has the headers, and waits for the body

    service.child.kill('SIGTERM');
    await service.printed(/SIGTERM: stopping/);
    const another = await fetch(`${url}/health`).then(
      ({ status }) => status,
      () => 'refused',
    );
    expect([503, 'refused']).toContain(another);

    underWay.end(body);
    const [response] = (await once(underWay, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(201);
    response.resume();
    expect(await service.ended).toBe(0);
    expect(service.output()).toContain('"msg":"stopped"');
  });

  it('does not start with a setting it cannot use, and says which', async () => {
    const service = startNode(['src/main.js'], platform.folder, { PORT: 'http' });
    expect(await service.ended).toBe(1);
    expect(service.output()).toBe('PORT is "http", and must be a whole number from 0 to 65535.\n');
  });
});
