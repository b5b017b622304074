import { asJson } from '@inevitable/toolchain/compose';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { AuditChains, ChainName, ChainVerdict, KnownHead, ListedEvent } from '@inevitable/identity';
import { OF_NO_TENANT } from '@inevitable/identity';
import { Closers } from '../parts/closers.js';
import { openForOperator } from '../parts/open-for-operator.js';
import { ExitCode, type CommandWorld } from './command.js';

const NEEDS = `
It needs the data directory and the database of core-identity. A tenant that is gone is named by its id.`;

const VERIFY_HELP = `
Every event is hashed together with the one before it, so that none can be changed, removed, put in or moved without breaking
the chain there. It is walked to where it ends now; the first broken link of each chain is named.
${NEEDS}
Whoever owns the database could write a whole chain anew. Only a head that was kept elsewhere ("stack audit head") shows
that, and whether the end of a chain was cut off.

Exit code: 0 every chain holds, 1 one is broken, 2 it could not be looked at.

Examples:
  stack audit verify
  stack audit verify --tenant acme --head 1042:9f2c…    as "stack audit head" printed it some day
  stack audit verify --platform --json                   what happened in no tenant`;

const LIST_HELP = `
The latest ones, the oldest of them first, with what is kept of persons and was not erased.
${NEEDS}

Exit code: 0 told, 2 it could not be read.

Examples:
  stack audit list --tenant acme
  stack audit list --tenant acme --action platformforge.deletePlatform --last 100 --json
  stack audit list --platform`;

const HEAD_HELP = `
Keep it where nobody who can write to the database can: "stack audit verify --head" compares.
${NEEDS}

Exit code: 0 told, 2 it could not be read.

Examples:
  stack audit head >> /mnt/worm/audit-heads.txt
  stack audit head --tenant acme`;

const MOST = 10_000;

interface WhichChain {
  readonly tenant?: string;
  readonly platform?: true;
  readonly json?: true;
}

export function auditCommand(program: Command, world: CommandWorld): void {
  const audit = program
    .command('audit')
    .description('what was done and refused in each tenant, and whether that still holds');
  const command = (name: string, description: string, help: string): Command =>
    audit
      .command(name)
      .description(description)
      .option('--tenant <slug>', 'the chain of one tenant; its slug or id')
      .addOption(new Option('--platform', 'the chain of what happens in no tenant').conflicts('tenant'))
      .option('--json', 'one JSON object instead of text')
      .addHelpText('after', help);

  command('verify', 'walk the chains, and name the first broken link of each', VERIFY_HELP)
    .option('--head <sequence:hash>', 'what the chain once ended with; with --tenant or --platform', headFrom)
    .action(async ({ head, ...which }: WhichChain & { readonly head?: KnownHead }, its: Command) => {
      if (head && !which.tenant && !which.platform)
        its.error('error: --head is of one chain: add --tenant or --platform.');
      await withChains(world, async (chains) => {
        const verdicts: ChainVerdict[] = [];
        for (const chain of await chosen(chains, which)) verdicts.push(await chains.verify(chain, head ? [head] : []));
        const ok = verdicts.every(({ broken }) => broken === null);
        process.exitCode = ok ? ExitCode.Ok : ExitCode.Findings;
        world.print(which.json ? `${asJson({ ok, chains: verdicts })}\n` : verdicts.map(verdictAsText).join(''));
      });
    });

  command('list', 'print the latest events of a chain', LIST_HELP)
    .option('--action <action>', 'only those: identity.sign-in, platformforge.deletePlatform')
    .option('--last <number>', 'how many', numberFrom, 20)
    .action(
      async (
        { action, last, ...which }: WhichChain & { readonly action?: string; readonly last: number },
        its: Command,
      ) => {
        if (!which.tenant && !which.platform) its.error('error: which chain? Add --tenant or --platform.');
        await withChains(world, async (chains) => {
          const [chain] = await chosen(chains, which);
          const events = await chains.list({ chain: chain!, action, last });
          world.print(which.json ? `${asJson({ ok: true, events })}\n` : events.map(eventAsText).join(''));
        });
      },
    );

  command('head', 'print where each chain ends, for keeping elsewhere', HEAD_HELP).action(async (which: WhichChain) => {
    await withChains(world, async (chains) => {
      const heads = [];
      for (const chain of await chosen(chains, which)) heads.push(await chains.head(chain));
      const text = heads.map((head) => `${nameOf(head)} ${head.sequence}:${head.hash}\n`).join('');
      world.print(which.json ? `${asJson({ ok: true, heads })}\n` : text);
    });
  });
}

async function withChains(world: CommandWorld, work: (chains: AuditChains) => Promise<void>): Promise<void> {
  const closers = new Closers();
  try {
    const { identity } = await openForOperator(world, closers);
    await work(identity.audit);
  } finally {
    await closers.closeAll();
  }
}

/** Throws where there is no such chain. */
async function chosen(chains: AuditChains, { tenant, platform }: WhichChain): Promise<readonly ChainName[]> {
  if (tenant === undefined) return platform ? [OF_NO_TENANT] : chains.chains();
  const found = (await chains.chains()).filter(({ id, slug }) => slug === tenant || id === tenant);
  if (!found.length)
    throw new Error(`There is no chain of a tenant "${tenant}": nothing was done in it yet, or there is none.`);
  return platform ? [...found, OF_NO_TENANT] : found;
}

const nameOf = ({ id, slug }: ChainName): string => slug ?? (id === OF_NO_TENANT.id ? 'platform' : id);

function verdictAsText(verdict: ChainVerdict): string {
  const { events, head, broken } = verdict;
  if (broken === null) return `${nameOf(verdict)}: ${events} events hold, up to ${head.sequence}:${head.hash}\n`;
  const event = broken.id === null ? '' : ` (${broken.id})`;
  return `${nameOf(verdict)}: BROKEN at event ${broken.sequence}${event}, which ${broken.what}\n`;
}

function eventAsText({ sequence, at, action, outcome, reason, actor, data }: ListedEvent): string {
  const who = `${actor.kind}${actor.id === null ? '' : ` ${actor.id}`}`;
  const why = reason === undefined ? '' : ` (${reason})`;
  const from = data?.['address'] === undefined ? '' : ` from ${data['address']}`;
  return `${sequence} ${at} ${action} ${outcome}${why} by ${who}${from}\n`;
}

function headFrom(text: string): KnownHead {
  const [, sequence, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (sequence === undefined || hash === undefined)
    throw new InvalidArgumentError('It is a number, ":" and 64 hexadecimal digits.');
  return { sequence: Number(sequence), hash };
}

function numberFrom(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= MOST) return number;
  throw new InvalidArgumentError(`A whole number from 1 to ${MOST.toLocaleString('en')}.`);
}
