import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Identity } from '../open-identity.js';

/** Identity's internal API on a port of its own, for `identityClient`. */
export async function serveInternalApi({ internalApi }: Pick<Identity, 'internalApi'>) {
  const server = createServer(async (incoming, outgoing) => {
    const request = new Request(`http://identity.test${incoming.url}`, {
      method: 'POST',
      headers: { authorization: incoming.headers.authorization ?? '' },
      body: await text(incoming),
    });
    const response = await internalApi(request);
    outgoing.writeHead(response.status).end(await response.text());
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

export type ServedInternalApi = Awaited<ReturnType<typeof serveInternalApi>>;
