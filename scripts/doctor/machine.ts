import { readFile, statfs } from 'node:fs/promises';
import { availableParallelism, freemem, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { existsSync } from 'node:fs';
import { ok, problem, warning, type Check, type Said } from './check.js';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
/** Everything in one process beside an embedded database uses about half of it. */
const LEAST_MEMORY = GIB;
/** PostgreSQL stops to accept writes where its disk is full. */
const LEAST_DISK = 512 * MIB;

/** What the process sees; a container's limit where it has one. */
export interface Machine {
  readonly node: string;
  readonly freeMemory: number;
  readonly totalMemory: number;
  readonly freeDisk: number;
  readonly cores: number;
}

export const machineCheck = (look: (folder: string) => Promise<Machine> = lookAtMachine): Check => ({
  name: 'machine',
  async run({ root, settings }) {
    const dataDir = settings?.dataDir ?? root;
    const { node, freeMemory, totalMemory, freeDisk, cores } = await look(dataDir);
    const { engines } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      engines?: { node?: string };
    };
    const wanted = engines?.node ?? '>=0';
    const said: Said[] = [
      isAtLeast(node, wanted)
        ? ok(`Node ${node} on ${process.platform} ${release()}, ${process.arch}.`)
        : problem(`Node ${node} is older than package.json asks for (${wanted}).`, 'Install a newer Node.'),
      totalMemory < LEAST_MEMORY
        ? warning(
            `The machine has ${inMib(totalMemory)} MiB of memory, and the whole stack needs about ${inMib(LEAST_MEMORY)}.`,
            'Run its parts on machines of their own, or give it more memory.',
          )
        : ok(`${cores} cores, ${inMib(totalMemory)} MiB of memory of which ${inMib(freeMemory)} are free.`),
      freeDisk < LEAST_DISK
        ? problem(
            `The disk of ${dataDir} has ${inMib(freeDisk)} MiB left.`,
            'Free some of it, or choose another place with DATA_DIR: a full disk stops the database.',
          )
        : ok(`The disk of the data directory has ${inMib(freeDisk)} MiB left.`),
    ];
    return said;
  },
});

const inMib = (bytes: number): number => Math.round(bytes / MIB);

/** `wanted`: `>=20.19`, as package.json writes it. */
function isAtLeast(version: string, wanted: string): boolean {
  const numbers = (text: string): number[] =>
    text
      .replace(/^[^\d]*/, '')
      .split('.')
      .map(Number);
  const [has, least] = [numbers(version), numbers(wanted)];
  for (const [at, number] of least.entries()) {
    const own = has[at] ?? 0;
    if (own !== number) return own > number;
  }
  return true;
}

async function lookAtMachine(folder: string): Promise<Machine> {
  let there = folder;
  while (!existsSync(there)) there = dirname(there);
  const disk = await statfs(there);
  const limit = process.constrainedMemory();
  const totalMemory = limit > 0 && limit < totalmem() ? limit : totalmem();
  return {
    node: process.versions.node,
    totalMemory,
    freeMemory: Math.min(freemem(), totalMemory),
    freeDisk: disk.bavail * disk.bsize,
    cores: availableParallelism(),
  };
}
