import { ownCpuMs } from '../jobs/processes/own-cpu.js';
import { answerOrders, reportReady } from '../processes/as-child.js';
import { givenSetup } from './gateway-setup.js';
import { bare } from './deployed.js';
import { startOurs } from './start-ours.js';

/** Ours as it is deployed, and bare. */
export interface BothUrls {
  readonly on: string;
  readonly off: string;
}

// In one process: two processes differ by several percent by chance, as what is in their memory lies elsewhere.
const setup = await givenSetup();
const on = await startOurs(setup);
const off = await startOurs(setup, bare());

/** Answers milliseconds of user and system time of the process since its start. */
answerOrders(async (): Promise<number> => ownCpuMs());
reportReady({ on: `${on.url}/graphql`, off: `${off.url}/graphql` } satisfies BothUrls);
