import { asJson } from '@inevitable/toolchain/compose';
import type { Identity, KeyRevocation, KeyRotation, SigningKeyRecord } from '@inevitable/identity';
import type { Command } from 'commander';
import { Closers } from '../parts/closers.js';
import { openForOperator } from '../parts/open-for-operator.js';
import { ExitCode, type CommandWorld } from './command.js';

const HELP = `
Access tokens are signed with one key, the current one. The next one is published already, so that every gateway knows it
before it signs; a retired one stays published for an hour, past its last token. All of it works beside a stack that is up,
whose processes go by it at once. It needs the data directory and the database of core-identity.

Examples:
  stack keys list
  stack keys rotate                                        nobody notices: tokens and sessions stay as they are
  stack keys revoke 019a8c7e-5d1f-7c3a-9a51-0f6c2d9b7e44   a key leaked: within 5 s no gateway believes its tokens`;

const LIST_HELP = `
Example:
  stack keys list --json`;

const ROTATE_HELP = `
The stack does it by itself every 30 days (job identity.rotate-keys). A next key is not used before it was published for 5
minutes.

Exit code: 0 rotated; 1 the next key is too young; 2 it could not be tried.

Example:
  stack keys rotate`;

const REVOKE_HELP = `
For a key that somebody else may have. Its private half is removed, and every token it signed is refused, whoever signed it.
Where it was the current one, the next one signs from now on. Sessions stay: clients get a new access token with their
refresh token.

Exit code: 0 revoked; 1 there is no such key; 2 it could not be tried.

Example:
  stack keys revoke 019a8c7e-5d1f-7c3a-9a51-0f6c2d9b7e44`;

interface Flags {
  readonly json?: true;
}

/** What is printed, and whether it is what was asked for. */
interface Outcome {
  readonly ok: boolean;
  readonly facts: object;
  readonly text: string;
}

export function keysCommand(program: Command, world: CommandWorld): void {
  const keys = program
    .command('keys')
    .description('the keys that access tokens are signed with: list, rotate, revoke')
    .addHelpText('after', HELP);

  async function run({ json }: Flags, work: (desk: Identity['signingKeys']) => Promise<Outcome>): Promise<void> {
    const closers = new Closers();
    try {
      const { identity } = await openForOperator(world, closers);
      const { ok, facts, text } = await work(identity.signingKeys);
      process.exitCode = ok ? ExitCode.Ok : ExitCode.Findings;
      if (json) world.print(`${asJson({ ok, ...facts })}\n`);
      else (ok ? world.print : world.complain)(`${text}\n`);
    } finally {
      await closers.closeAll();
    }
  }

  keys
    .command('list')
    .description('all that are published, the oldest first')
    .option('--json', 'one JSON object instead of text')
    .addHelpText('after', LIST_HELP)
    .action((flags: Flags) =>
      run(flags, async (desk) => {
        const listed = await desk.list();
        return { ok: true, facts: { keys: listed }, text: listed.map(lineOf).join('\n') };
      }),
    );
  keys
    .command('rotate')
    .description('let the next key sign, and publish one to follow it')
    .option('--json', 'one JSON object instead of text')
    .addHelpText('after', ROTATE_HELP)
    .action((flags: Flags) =>
      run(flags, async (desk) => {
        const rotation = await desk.rotate();
        return { ok: rotation.kind === 'rotated', facts: rotation, text: rotationInWords(rotation) };
      }),
    );
  keys
    .command('revoke')
    .description('withdraw a key that leaked, at once, with every token it signed')
    .argument('<kid>', 'its id, as "stack keys list" shows it')
    .option('--json', 'one JSON object instead of text')
    .addHelpText('after', REVOKE_HELP)
    .action((kid: string, flags: Flags) =>
      run(flags, async (desk) => {
        const revocation = await desk.revoke(kid);
        return { ok: revocation.kind === 'revoked', facts: revocation, text: revocationInWords(kid, revocation) };
      }),
    );
}

function lineOf({ kid, state, createdAt, currentSince, retiredAt }: SigningKeyRecord): string {
  const since = { next: createdAt, current: currentSince, retired: retiredAt }[state];
  const what = { next: 'published since', current: 'signs since', retired: 'signs no more since' }[state];
  return `${kid}  ${state.padEnd(7)}  ${what} ${since!.toISOString()}`; // the date that makes it what it is
}

function rotationInWords(rotation: KeyRotation): string {
  if (rotation.kind === 'rotated')
    return `${rotation.current} signs from now on. ${rotation.retired} stays published for an hour.`;
  return (
    `Not rotated: ${rotation.next} is the next key only since ${rotation.publishedAt.toISOString()}, and a gateway may not ` +
    'know it yet. Rotate again 5 minutes after that; a key that leaked can be revoked at once.'
  );
}

function revocationInWords(kid: string, revocation: KeyRevocation): string {
  if (revocation.kind === 'unknown') return 'There is no key of this id that is published: see "stack keys list".';
  const { state, current } = revocation;
  return `${kid} was ${STATES[state]}, and is withdrawn: within 5 s no gateway believes its tokens. ${current} signs.`;
}

const STATES = { next: 'the next key', current: 'the current key', retired: 'a retired key' } as const;
