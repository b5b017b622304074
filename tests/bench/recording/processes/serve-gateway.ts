import { operationsClient, type ServiceCredential } from '@inevitable/contract';
import { recordUsage, type GatewayExtension } from '@inevitable/gateway';
import { givenSetup, type GatewaySetup } from '../../gateways/gateway-setup.js';
import { log, startOurs } from '../../gateways/start-ours.js';
import { ownCpuMs } from '../../jobs/processes/own-cpu.js';
import { answerOrders, readSetup, reportReady } from '../../processes/as-child.js';
import type { Mode } from '../modes.js';

/** Of the process whose CPU is measured: a gateway, and nothing else. */
export interface RecordingSetup extends GatewaySetup {
  /** Where operations is. */
  readonly operationsUrl: string;
  readonly credential: ServiceCredential;
}

export type GatewayOrder =
  /** Requests follow. */
  | { readonly kind: 'begin'; readonly mode: Mode }
  /** They are answered. Answers milliseconds of user and system time of the whole process since it began. */
  | { readonly kind: 'end' }
  /** What was recorded goes to operations now. Answers `Flush`. */
  | { readonly kind: 'flush' };

/** Packing and sending what was recorded since the flush before, with nothing else under way. */
export interface Flush {
  readonly cpuMs: number;
  /** What an operation, a client, a plan and an hour make one of. */
  readonly entries: number;
}

const { operationsUrl, credential } = readSetup<RecordingSetup>();
const { usage } = operationsClient(operationsUrl, credential);
let entries = 0;
const recorder = recordUsage(
  {
    async record(batch) {
      entries += batch.length;
      await usage.record(batch);
    },
  },
  { log },
);

let mode: Mode = 'off';
/**
 * Stands between the gateway and the recorder. Two gateways, of which one records, would differ by up to a percent through
 * where their parts lie in memory, and nobody could tell. A gateway that does not record makes what its other extensions are
 * told of an answer all the same; all that it has not is this call, some nanoseconds.
 */
const whileOn: GatewayExtension = {
  name: recorder.name,
  contract: 1,
  onAnswer: (answer) => (mode === 'on' ? recorder.onAnswer!(answer) : undefined),
};
const { url } = await startOurs(await givenSetup(), { extensions: [whileOn] });

let begunMs = 0;
answerOrders(async (order: GatewayOrder): Promise<null | number | Flush> => {
  switch (order.kind) {
    case 'begin':
      mode = order.mode;
      begunMs = ownCpuMs();
      return null;
    case 'end':
      return ownCpuMs() - begunMs;
    case 'flush': {
      entries = 0;
      const before = ownCpuMs();
      await recorder.flush();
      return { cpuMs: ownCpuMs() - before, entries };
    }
  }
});
reportReady(`${url}/graphql`);
