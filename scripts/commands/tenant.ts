import { Option, type Command } from 'commander';
import type { TenantListed } from '@inevitable/identity';
import {
  administer,
  ADMINISTER_EXITS,
  allPages,
  inColumns,
  JSON_FLAG,
  OPERATORS_REASON,
  type AdministerFlags,
} from '../parts/administer.js';
import { tenantDataCommands } from './tenant-data.js';
import type { CommandWorld } from './command.js';

const HELP = `
Works beside a stack that is up, or alone. It needs the data directory and the database of core-identity, and the audit names
an operator.

Examples:
  stack tenant list
  stack tenant create --slug acme --name 'Acme' --plan pro
  stack tenant suspend acme --reason 'unpaid since May'
  stack tenant export acme --output acme.tar
  stack tenant delete acme --reason 'gave notice'`;

const LIST_HELP = `
Example:
  stack tenant list --json`;

const CREATE_HELP = `
${ADMINISTER_EXITS}

Examples:
  stack tenant create --slug acme --name 'Acme'
  stack tenant create --slug acme --name 'Acme' --plan pro --owner ada@acme.test`;

const RENAME_HELP = `
The slug stays for good: URLs and sign-ins have it.

${ADMINISTER_EXITS}

Example:
  stack tenant rename acme 'Acme Works'`;

const SUSPEND_HELP = `
Nobody signs in to it, and its tokens end within 5 s. Nothing in it is lost.

${ADMINISTER_EXITS}

Example:
  stack tenant suspend acme --reason 'unpaid since May'`;

const REACTIVATE_HELP = `
${ADMINISTER_EXITS}

Example:
  stack tenant reactivate acme`;

interface CreateFlags extends AdministerFlags {
  readonly slug: string;
  readonly name: string;
  readonly plan?: 'free' | 'pro' | 'enterprise';
  readonly owner?: string;
}

export function tenantCommand(program: Command, world: CommandWorld): void {
  const tenant = program
    .command('tenant')
    .description(
      'the tenants of this stack: list, create, rename, suspend, reactivate, export, verify-export, delete, keep, left',
    )
    .addHelpText('after', HELP);

  tenant
    .command('list')
    .description('all of them, by slug')
    .option(...JSON_FLAG)
    .addHelpText('after', LIST_HELP)
    .action((flags: AdministerFlags) =>
      administer(world, flags, async (administration) => {
        const tenants = await allPages(administration.listTenants, ({ slug }) => slug);
        return { facts: { tenants }, text: tenants.length ? inColumns(tenants.map(rowOf)) : 'There are none.' };
      }),
    );
  tenant
    .command('create')
    .description('make one')
    .requiredOption('--slug <slug>', 'short name, for good: 2 to 31 lower-case letters, digits and hyphens')
    .requiredOption('--name <name>', 'how it calls itself')
    .addOption(
      new Option('--plan <plan>', 'the plan it is on; free unless told').choices(['free', 'pro', 'enterprise']),
    )
    .option('--owner <user>', 'e-mail address or user name of whoever owns it')
    .option(...JSON_FLAG)
    .addHelpText('after', CREATE_HELP)
    .action(({ slug, name, plan, owner, ...flags }: CreateFlags) =>
      administer(world, flags, async (administration) => {
        const id = await administration.createTenant({ slug, name, plan, owner });
        return { facts: { id, slug }, text: `The tenant "${slug}" is made: ${id}` };
      }),
    );
  tenant
    .command('rename')
    .description('give one another name')
    .argument('<tenant>', 'slug or id')
    .argument('<name>', 'how it calls itself from now on')
    .option(...JSON_FLAG)
    .addHelpText('after', RENAME_HELP)
    .action((slug: string, name: string, flags: AdministerFlags) =>
      administer(world, flags, async (administration) => {
        await administration.renameTenant(slug, name);
        return { facts: { name }, text: `The tenant "${slug}" is called "${name}" from now on.` };
      }),
    );
  tenant
    .command('suspend')
    .description('let nobody in')
    .argument('<tenant>', 'slug or id')
    .option('--reason <text>', 'for whoever reads the audit', OPERATORS_REASON)
    .option(...JSON_FLAG)
    .addHelpText('after', SUSPEND_HELP)
    .action((slug: string, { reason, ...flags }: AdministerFlags & { readonly reason: string }) =>
      administer(world, flags, async (administration) => ({
        facts: await administration.suspendTenant(slug, reason),
        text: `The tenant "${slug}" is suspended.`,
      })),
    );
  tenant
    .command('reactivate')
    .description('open a suspended one again')
    .argument('<tenant>', 'slug or id')
    .option(...JSON_FLAG)
    .addHelpText('after', REACTIVATE_HELP)
    .action((slug: string, flags: AdministerFlags) =>
      administer(world, flags, async (administration) => ({
        facts: await administration.reactivateTenant(slug),
        text: `The tenant "${slug}" is active.`,
      })),
    );
  tenantDataCommands(tenant, world);
}

const rowOf = ({ slug, status, plan, members, id, name }: TenantListed): readonly string[] => [
  slug,
  status,
  plan,
  `${members} ${members === 1 ? 'member' : 'members'}`,
  id,
  name,
];
