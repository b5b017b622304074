import { createReadStream, createWriteStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { ReadableStream } from 'node:stream/web';
import { BadUserInput, Conflict, parseTenantId, type TenantId } from '@inevitable/contract';
import type { DataExport, DeletionFound, TenantDataDesk } from '@inevitable/identity';
import { InvalidArgumentError, type Command } from 'commander';
import type { CommandWorld } from './command.js';
import {
  administer,
  ADMINISTER_EXITS,
  inColumns,
  JSON_FLAG,
  OPERATORS_REASON,
  type AdministerFlags,
} from '../parts/administer.js';
import { countTenantData, type TenantDataLeft } from '../parts/count-tenant-data.js';

const EXPORT_HELP = `
Every product adds its rows and files, by its worker: a stack must be up, and this waits for it. The archive is a tar file with
a signed manifest, and holds everything that anybody in the tenant may see: keep it as you would keep the database. Ctrl-C stops
the waiting alone; asked again, the same export goes on.

${ADMINISTER_EXITS}

Example:
  stack tenant export acme --output acme.tar`;

const VERIFY_HELP = `
Compares every file in it with the manifest, and the manifest with its signature, by the keys of this stack.

Exit code: 0 it is as it was made; 1 it is not, and what was changed; 2 it could not be read.

Example:
  stack tenant verify-export acme.tar`;

const DELETE_HELP = `
Nobody signs in to it from now on. When its grace is over, every product erases its rows, files and jobs of it, and then
core-identity the tenant, with the accounts of those who are in no other. What stays is its chain in the audit, which holds no
personal data. Export it first, where somebody may want it.

${ADMINISTER_EXITS}

Examples:
  stack tenant delete acme --reason 'gave notice in May'
  stack tenant delete acme --reason 'made by mistake' --grace-days 0`;

const KEEP_HELP = `
Only while nothing is erased. It is what it was before: active or suspended.

${ADMINISTER_EXITS}

Example:
  stack tenant keep acme`;

const LEFT_HELP = `
Looks into the database, the files and the jobs of every product, and asks none of their code. A tenant that is gone is named
by its id, which "stack tenant delete" has printed and its chain in the audit has.

Exit code: 0 nothing is left but the audit; 1 something is; 2 it could not be looked at.

Example:
  stack tenant left 0198c5a2-7e1f-7c11-9d52-3f6a1c0e9b44`;

/** What becomes of what a tenant has: the second half of `stack tenant`. */
export function tenantDataCommands(tenant: Command, world: CommandWorld): void {
  tenant
    .command('export')
    .description('an archive of everything in it, from every product')
    .argument('<tenant>', 'slug or id')
    .requiredOption('--output <file>', 'where the archive is written; there must be no such file')
    .option(...JSON_FLAG)
    .addHelpText('after', EXPORT_HELP)
    .action((slug: string, { output, ...flags }: AdministerFlags & { readonly output: string }) =>
      administer(world, flags, async (_administration, { identity: { tenantData } }) => {
        await assertNew(output);
        const { id } = await waitForExport(slug, tenantData, world.complain);
        const { body } = await tenantData.fetchArchive(id);
        // Whoever reads the folder may not be whoever may read the tenant.
        await pipeline(
          Readable.fromWeb(body as ReadableStream<Uint8Array>),
          createWriteStream(output, { flags: 'wx', mode: 0o600 }),
        );
        return { facts: { export: id, file: output }, text: `Everything of "${slug}" is in ${output}.` };
      }),
    );
  tenant
    .command('verify-export')
    .description('whether an archive is as this stack made it')
    .argument('<file>', 'the archive')
    .option(...JSON_FLAG)
    .addHelpText('after', VERIFY_HELP)
    .action((file: string, flags: AdministerFlags) =>
      administer(world, flags, async (_administration, { identity: { tenantData } }) => {
        const { manifest, findings } = await tenantData.verifyArchive(createReadStream(file)).catch((error: Error) => {
          throw new BadUserInput(`cannot be read as an archive: ${error.message}`, 'file');
        });
        const whose =
          manifest && (manifest.of.kind === 'tenant' ? `"${manifest.of.slug}"` : `person ${manifest.of.id}`);
        const isWhole = `It is the archive of ${whose} that was finished at ${manifest?.finishedAt}: ${manifest?.files.length} files.`;
        return {
          facts: { findings, of: manifest?.of ?? null },
          text: findings.length ? findings.join('\n') : isWhole,
          findings: findings.length > 0,
        };
      }),
    );
  tenant
    .command('delete')
    .description('give one up: shut now, erased everywhere when its grace is over')
    .argument('<tenant>', 'slug or id')
    .option('--reason <text>', 'for whoever reads the audit', OPERATORS_REASON)
    .option('--grace-days <days>', '0 to 365; 30 unless told', wholeDays)
    .option(...JSON_FLAG)
    .addHelpText('after', DELETE_HELP)
    .action(
      (
        named: string,
        { reason, graceDays, ...flags }: AdministerFlags & { readonly reason: string; readonly graceDays?: number },
      ) =>
        administer(world, flags, async (_administration, { identity: { tenantData } }) => {
          const { tenantId, slug, erasesAt } = await tenantData.delete(named, { reason, graceDays });
          return {
            facts: { tenantId, erasesAt },
            text: `The tenant "${slug}" is given up, and erased after ${erasesAt.toISOString()}. Until then: stack tenant keep ${slug}\nWhat is left of it: stack tenant left ${tenantId}`,
          };
        }),
    );
  tenant
    .command('keep')
    .description('take a deletion back while nothing is erased')
    .argument('<tenant>', 'slug or id')
    .option(...JSON_FLAG)
    .addHelpText('after', KEEP_HELP)
    .action((slug: string, flags: AdministerFlags) =>
      administer(world, flags, async (_administration, { identity: { tenantData } }) => {
        const { status } = await tenantData.keep(slug);
        return { facts: { status }, text: `The tenant "${slug}" stays, and is ${status}.` };
      }),
    );
  tenant
    .command('left')
    .description('what is left of one in every product: nothing, once it is erased')
    .argument('<id>', "the tenant's id")
    .option(...JSON_FLAG)
    .addHelpText('after', LEFT_HELP)
    .action((id: string, flags: AdministerFlags) =>
      administer(world, flags, async (_administration, side) => {
        const tenantId = idOf(id);
        const left = await countTenantData(tenantId, side);
        const deletion = await side.identity.tenantData.findDeletion(tenantId);
        const total = sumOf(left);
        return { facts: { left, deletion }, text: inWords(left, deletion), findings: total > 0 };
      }),
    );
}

function idOf(text: string): TenantId {
  try {
    return parseTenantId(text);
  } catch {
    throw new BadUserInput('is no id of a tenant: a tenant that is gone has no slug any more', 'id');
  }
}

async function assertNew(file: string): Promise<void> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (isThere) throw new Conflict(`There is a file ${file} already: name another one.`);
}

/** Says each time something changes what is waited for. */
async function waitForExport(
  slug: string,
  desk: TenantDataDesk,
  complain: (text: string) => void,
): Promise<DataExport> {
  let told = '';
  for (let found = await desk.orderExport(slug); ; found = await desk.findExport(slug)) {
    if (found.state === 'ready') return found;
    const waitingFor = found.waitingFor.join(', ') || 'core-identity';
    if (waitingFor !== told) complain(`  waiting for the worker of: ${waitingFor}\n`);
    told = waitingFor;
    await wait(500);
  }
}

const sumOf = (left: TenantDataLeft): number =>
  Object.values(left)
    .flatMap((counts) => Object.values(counts))
    .reduce((sum, count) => sum + count, 0);

function inWords(left: TenantDataLeft, deletion: DeletionFound | null): string {
  const told = {
    none: 'It was not given up.',
    waiting: `It is given up, and erased after ${deletion?.erasesAt.toISOString()}.`,
    erasing: 'Products are erasing it.',
    erased: `It was erased at ${deletion?.endedAt?.toISOString()}.`,
    kept: 'It was given up, and kept after all.',
  }[deletion?.state ?? 'none'];
  const rows = Object.entries(left).flatMap(([product, counts]) =>
    Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([what, count]) => [product, what, String(count)]),
  );
  return `${rows.length ? inColumns(rows) : 'Nothing is left but its chain in the audit.'}\n${told}`;
}

function wholeDays(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) <= 365) return Number(text);
  throw new InvalidArgumentError('It is a whole number of days from 0 to 365.');
}
