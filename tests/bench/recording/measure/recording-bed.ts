import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceCredential } from '@inevitable/contract';
import { ISSUER, issueTokens } from '../../gateways/access-tokens.js';
import { compose } from '../../graph/compose.js';
import { startProcess, type StartedProcess } from '../../processes/start-process.js';
import { byMode, type Mode } from '../modes.js';
import type { Received } from '../processes/receive-usage.js';
import type { Sending, SendOrder } from '../processes/send-requests.js';
import type { Flush, GatewayOrder, RecordingSetup } from '../processes/serve-gateway.js';

/** A gateway whose recording is switched, its subgraphs, operations and the load, each in a process of its own. */
export interface RecordingBed {
  /** One request over each connection. Answers what CPU the gateway took, in ms. Rejects when one of them fails. */
  block(mode: Mode): Promise<number>;
  flush(): Promise<Flush>;
  /** How many requests were to be recorded until now. */
  recorded(): number;
  /** What came to operations. */
  received(): Promise<Received>;
  close(): Promise<void>;
}

/** Starts it all, and asks the gateway for everything once. */
export async function openRecordingBed(load: Omit<Sending, 'urls' | 'tokens'>): Promise<RecordingBed> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-recording-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const started: StartedProcess<unknown>[] = [];
  async function start<Ready>(module: string, setup: unknown): Promise<StartedProcess<Ready>> {
    const one = await startProcess<Ready>(new URL(module, import.meta.url), setup);
    started.push(one);
    return one;
  }
  const close = async (): Promise<void> => void (await Promise.all(started.map((one) => one.stop())));

  try {
    const { publicJwk, tokens } = issueTokens(1);
    const subgraphs = await start<Record<string, string>>('../../graph/serve-subgraphs.js', null);
    const operations = await start<string>('../processes/receive-usage.js', null);
    const supergraphFile = join(folder, 'supergraph.graphql');
    await writeFile(supergraphFile, compose(subgraphs.ready));
    const gateway = await start<string>('../processes/serve-gateway.js', {
      supergraphFile,
      subgraphs: subgraphs.ready,
      issuer: ISSUER,
      publicJwk,
      operationsUrl: operations.ready,
      credential: credential(),
    } satisfies RecordingSetup);
    const sender = await start<null>('../processes/send-requests.js', null);

    const sending: Sending = { ...load, urls: byMode(() => gateway.ready), tokens };
    await sender.ask<null>({ kind: 'open', sending } satisfies SendOrder);
    let recorded = 0;
    return {
      async block(mode) {
        await gateway.ask<null>({ kind: 'begin', mode } satisfies GatewayOrder);
        await sender.ask<null>({ kind: 'send', mode } satisfies SendOrder);
        if (mode === 'on') recorded += load.connections;
        return gateway.ask<number>({ kind: 'end' } satisfies GatewayOrder);
      },
      flush: () => gateway.ask<Flush>({ kind: 'flush' } satisfies GatewayOrder),
      recorded: () => recorded,
      received: () => operations.ask<Received>(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** By which the gateway proves to operations who it is. Nobody checks it here, but it is made and sent. */
function credential(): ServiceCredential {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y, d } = privateKey.export({ format: 'jwk' }) as { x: string; y: string; d: string };
  return { service: 'gateway', kid: randomUUID(), privateKey: { kty: 'EC', crv: 'P-256', x, y, d } };
}
