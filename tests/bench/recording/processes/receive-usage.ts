import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { operationsApi } from '@inevitable/contract';
import { answerOrders, reportReady } from '../../processes/as-child.js';

/** What arrived, since the start. */
export interface Received {
  /** That were counted by the gateway, by what it sent. */
  readonly requests: number;
  /** Different ones. */
  readonly documents: number;
  readonly clients: number;
  readonly batches: number;
}

let requests = 0;
let batches = 0;
const documents = new Set<string>();
const clients = new Set<string>();

/** Operations, as far as a gateway that records sees it: takes what fits the contract, and counts it. */
async function receive(request: IncomingMessage): Promise<number> {
  const parsed = operationsApi.usage.input.safeParse(await json(request));
  if (request.url !== '/internal/v1/usage' || !parsed.success) return 400;
  for (const { signature, client, count } of parsed.data.batch) {
    requests += count;
    documents.add(signature);
    clients.add(`${client.name} ${client.version}`);
  }
  batches++;
  return 200;
}

const server = createServer((request, response) => {
  void receive(request).then(
    (status) => response.writeHead(status, { 'content-type': 'application/json' }).end('{}'),
    () => response.writeHead(400).end(),
  );
});
server.keepAliveTimeout = 0; // a connection that is closed while a gateway writes to it would lose what it sends
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

answerOrders(async (): Promise<Received> => ({ requests, documents: documents.size, clients: clients.size, batches }));
reportReady(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
