import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, parse, type ExecutionResult } from 'graphql';
import { answerOrders, reportReady } from '../processes/as-child.js';
import type { SubgraphModule } from './subgraph-module.js';
import { ANY_NUMBER, novelNumberIn, renumbered } from '../operations.js';
import { SUBGRAPHS } from './subgraphs.js';

/** Requests answered since the start, all subgraphs together. */
let answered = 0;

/**
 * One subgraph on a port of its own. An answer is computed once for each request body and then given from memory, so
 * that what is measured is the gateway. Nothing is dropped: a run asks for a few thousand bodies. Novel operations are the
 * same but for their number: they are answered from memory too, or a storm would be one of the subgraphs.
 */
function serve({ typeDefs, resolvers }: SubgraphModule): Server {
  const schema = buildSubgraphSchema({ typeDefs, resolvers });
  const answers = new Map<string, Buffer>();

  async function answer(body: string): Promise<Buffer> {
    const { query, variables } = JSON.parse(body) as { query: string; variables?: Record<string, unknown> };
    // Not validated: gateways send what is valid.
    const result: ExecutionResult = await execute({ schema, document: parse(query), variableValues: variables });
    if (result.errors) process.stderr.write(`A subgraph was asked for what fails: ${body}\n${String(result.errors)}\n`);
    return Buffer.from(JSON.stringify(result));
  }

  async function answerTo(request: IncomingMessage): Promise<Buffer> {
    const body = await text(request);
    answered++;
    const number = novelNumberIn(body);
    const asked = number === null ? body : renumbered(body, number, ANY_NUMBER);
    let known = answers.get(asked);
    if (!known) answers.set(asked, (known = await answer(asked)));
    return number === null ? known : Buffer.from(renumbered(String(known), ANY_NUMBER, number));
  }

  const server = createServer((request, response) => {
    void answerTo(request).then(
      (known) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': known.length });
        response.end(known);
      },
      (error: unknown) => {
        process.stderr.write(`A subgraph could not read a request: ${String(error)}\n`);
        response.writeHead(400).end();
      },
    );
  });
  server.keepAliveTimeout = 0; // a connection closed while a gateway writes to it would be counted against that gateway
  return server;
}

const urls: Record<string, string> = {};
for (const [name, subgraph] of Object.entries(SUBGRAPHS)) {
  const server = serve(subgraph).listen(0, '127.0.0.1');
  await once(server, 'listening');
  urls[name] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

answerOrders(async () => answered);
reportReady(urls);
