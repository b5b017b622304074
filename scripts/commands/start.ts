import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { Logger } from 'pino';
import type { Closers } from '../parts/closers.js';
import { openLog } from '../parts/open-log.js';
import { portToServe } from '../parts/port-to-serve.js';
import { progressTo, type Progress } from '../parts/progress.js';
import { runUntilSignal } from '../parts/run-until-signal.js';
import { reopenSecurityLog } from '../parts/security-log.js';
import type { Settings } from '../settings/settings.js';
import type { CommandWorld } from './command.js';

type Run = (settings: Settings, progress: Progress, log: Logger, closers: Closers) => Promise<unknown>;

interface Flags {
  readonly product?: string;
  readonly queue?: string;
  readonly port?: number;
  /** Absolute. */
  readonly supergraph?: string;
  readonly auth: 'on' | 'off';
}

/** Each part is loaded when it is started: a gateway does not pay for identity's memory. */
const PARTS: Readonly<Record<string, (flags: Flags, name?: string) => Promise<Run>>> = {
  identity: async () => (await import('../run/run-identity.js')).runIdentity,
  operations: async () => (await import('../run/run-operations.js')).runOperations,
  gateway: async ({ supergraph, auth }) => {
    if (auth === 'off') {
      const { runOpenGateway } = await import('../run/run-open-gateway.js');
      return (...args) => runOpenGateway(supergraph!, ...args);
    }
    const { runGateway } = await import('../run/run-gateway.js');
    return (...args) => runGateway(supergraph, ...args);
  },
  subgraph: async (_flags, name) => {
    const { runSubgraph } = await import('../run/run-subgraph.js');
    return (...args) => runSubgraph(name!, ...args);
  },
  worker: async ({ product, queue }) => {
    const { runWorker } = await import('../run/run-worker.js');
    return (...args) => runWorker({ product, queue }, ...args);
  },
};

const PLACES = `
Settings are environment variables: HOST, PORT, DATA_DIR, DATABASE_URL, IDENTITY_URL, OPERATIONS_URL, PUBLIC_URL,
STACK_DEMO_PASSWORD, DEPLOYMENT_CONTEXT, LOG_LEVEL (docs/operations.md has all of them).

Examples:
  stack start                                     everything in one process on http://127.0.0.1:8080
  PORT=9090 DATA_DIR=/tmp/second stack start      a second stack beside it
  stack start identity                            one part as a process of its own
  stack start subgraph starter
  stack start worker --product starter            relays its outbox and runs its jobs
  stack start gateway --supergraph other.graphql  a supergraph that was composed elsewhere
  stack start gateway --supergraph other.graphql --port 4000 --auth off
                                                  any subgraphs, every caller anonymous; refused where customers are`;

export function startCommand(program: Command, world: CommandWorld): void {
  program
    .command('start')
    .description('start the whole stack in one process, or one part of it')
    .argument('[part]', 'gateway, identity, operations, subgraph or worker; everything when left out')
    .argument('[name]', 'which subgraph')
    .option('--product <name>', 'worker: only the jobs of this product')
    .option('--queue <name>', 'worker: only the jobs of this queue')
    .option('--port <number>', 'in place of the setting PORT', portToServe)
    .option('--supergraph <file>', 'gateway: a composed supergraph; its subgraphs are where it says', (file) =>
      resolve(file),
    )
    .addOption(
      new Option('--auth <mode>', 'gateway: off asks nobody who they are, and tells no subgraph')
        .choices(['on', 'off'])
        .default('on'),
    )
    .addHelpText('after', PLACES)
    .action(async (part: string | undefined, name: string | undefined, flags: Flags, command: Command) => {
      if (part !== undefined && !Object.hasOwn(PARTS, part))
        command.error(`error: there is no part "${part}". Parts: ${Object.keys(PARTS).join(', ')}.`);
      if ((part === 'subgraph') !== (name !== undefined)) {
        command.error(
          part === 'subgraph'
            ? 'error: which subgraph? For example: stack start subgraph starter'
            : `error: "${part}" takes no name.`,
        );
      }
      if (flags.product !== undefined && part !== 'worker')
        command.error('error: --product belongs to "stack start worker".');
      if (flags.queue !== undefined && part !== 'worker')
        command.error('error: --queue belongs to "stack start worker".');
      if (flags.supergraph !== undefined && part !== 'gateway')
        command.error('error: --supergraph belongs to "stack start gateway".');
      if (flags.auth === 'off' && flags.supergraph === undefined)
        command.error('error: --auth off belongs to "stack start gateway --supergraph FILE".');
      if (flags.port !== undefined && part === 'worker') command.error('error: a worker listens on no port.');
      const given = world.settings(); // before anything is loaded: a bad one is told at once
      const settings = flags.port === undefined ? given : { ...given, port: flags.port };
      const run = part === undefined ? (await import('../run/run-stack.js')).runStack : await PARTS[part]!(flags, name);
      const log = openLog(settings.logLevel, { part: part ?? 'stack', ...(name && { subgraph: name }) });
      const progress = progressTo(world.print);
      await runUntilSignal(
        (closers) => run(settings, progress, log, closers),
        progress.line,
        settings.stopDelayMs,
        typeof settings.securityLog === 'string' ? reopenSecurityLog : null, // as log rotation says it
      );
    });
}
