import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { AdministratorInvited, UserListed } from '@inevitable/identity';
import {
  administer,
  ADMINISTER_EXITS,
  allPages,
  inColumns,
  JSON_FLAG,
  OPERATORS_REASON,
  type AdministerFlags,
} from '../parts/administer.js';
import type { CommandWorld } from './command.js';

const HELP = `
Works beside a stack that is up, or alone. It needs the data directory and the database of core-identity, and the audit names
an operator.

A new stack has no account. Its first administrator is invited:
  stack tenant create --slug platform --name 'Platform'
  stack user invite-admin --email ada@example.org --tenant platform

Examples:
  stack user list
  stack user disable eve@example.org --reason 'left the company'`;

const LIST_HELP = `
Example:
  stack user list --json`;

const CREATE_HELP = `
Whoever runs it vouches for the address. The password is read from a file, so that no list of processes and no shell history
has it; a line break at its end is none of it. To let the person choose it themselves, invite them.

${ADMINISTER_EXITS}

Example:
  stack user create --email bob@acme.test --display-name Bob --tenant acme --roles member --password-file bob.txt`;

const INVITE_HELP = `
Prints a link and its token, which work once, within 24 hours; another invitation of the same address takes their place. Whoever
has no account makes one at the page it leads to, whoever has one signs in and accepts it (mutation acceptInvitation), and is a
platform administrator from then on. In the tenant they are the owner where it has none, else a member.

${ADMINISTER_EXITS}

Example:
  stack user invite-admin --email ada@example.org --tenant platform`;

const DISABLE_HELP = `
Ends the person's sessions, API keys and open invitations in every tenant, within 5 s.

${ADMINISTER_EXITS}

Example:
  stack user disable eve@example.org --reason 'left the company'`;

const ENABLE_HELP = `
The person can sign in again. What ended stays ended.

${ADMINISTER_EXITS}

Example:
  stack user enable eve@example.org`;

interface CreateFlags extends AdministerFlags {
  readonly email: string;
  readonly displayName: string;
  readonly username?: string;
  readonly tenant: string;
  readonly roles: readonly string[];
  readonly passwordFile: string;
}

export function userCommand(program: Command, world: CommandWorld): void {
  const user = program
    .command('user')
    .description('the people of this stack: list, create, invite-admin, disable, enable')
    .addHelpText('after', HELP);

  user
    .command('list')
    .description('all of them, by e-mail address')
    .option(...JSON_FLAG)
    .addHelpText('after', LIST_HELP)
    .action((flags: AdministerFlags) =>
      administer(world, flags, async (administration) => {
        const users = await allPages(administration.listUsers, ({ email }) => email);
        return { facts: { users }, text: users.length ? inColumns(users.map(rowOf)) : 'There are none.' };
      }),
    );
  user
    .command('create')
    .description('make an account for a member of a tenant')
    .requiredOption('--email <address>', 'for signing in')
    .requiredOption('--display-name <name>', 'how the person is called')
    .option('--username <name>', 'for signing in without the e-mail address')
    .requiredOption('--tenant <slug>', 'where the person is a member')
    .option('--roles <roles...>', 'what they are there', ['member'])
    .requiredOption('--password-file <file>', 'has the password')
    .option(...JSON_FLAG)
    .addHelpText('after', CREATE_HELP)
    .action(({ passwordFile, json, ...person }: CreateFlags) =>
      administer(world, json ? { json } : {}, async (administration) => {
        const password = (await readFile(resolve(world.root, passwordFile), 'utf8')).replace(/\r?\n$/, '');
        const id = await administration.createUser({ ...person, password });
        return { facts: { id }, text: `The account of ${person.email} is made: ${id}` };
      }),
    );
  user
    .command('invite-admin')
    .description('print a link that makes somebody a platform administrator')
    .requiredOption('--email <address>', 'whose address it is')
    .requiredOption('--tenant <slug>', 'the tenant they work in')
    .option(...JSON_FLAG)
    .addHelpText('after', INVITE_HELP)
    .action(({ email, tenant, ...flags }: AdministerFlags & { readonly email: string; readonly tenant: string }) =>
      administer(world, flags, async (administration) => {
        const invited = await administration.inviteAdministrator({ email, tenant });
        return { facts: invited, text: invitationInWords(invited, tenant) };
      }),
    );
  user
    .command('disable')
    .description('shut somebody out of every tenant')
    .argument('<user>', 'e-mail address, user name or id')
    .option('--reason <text>', 'for whoever reads the audit', OPERATORS_REASON)
    .option(...JSON_FLAG)
    .addHelpText('after', DISABLE_HELP)
    .action((login: string, { reason, ...flags }: AdministerFlags & { readonly reason: string }) =>
      administer(world, flags, async (administration) => ({
        facts: await administration.disableUser(login, reason),
        text: `${login} is disabled.`,
      })),
    );
  user
    .command('enable')
    .description('let somebody sign in again')
    .argument('<user>', 'e-mail address, user name or id')
    .option(...JSON_FLAG)
    .addHelpText('after', ENABLE_HELP)
    .action((login: string, flags: AdministerFlags) =>
      administer(world, flags, async (administration) => ({
        facts: await administration.enableUser(login),
        text: `${login} is enabled.`,
      })),
    );
}

const rowOf = ({ email, status, platformAdmin, tenants, id, displayName }: UserListed): readonly string[] => [
  email,
  status,
  platformAdmin ? 'platform administrator' : '-',
  tenants.join(',') || '-',
  id,
  displayName,
];

const invitationInWords = ({ email, role, token, link, hours }: AdministratorInvited, tenant: string): string => `\
${link}

makes ${email} a platform administrator, and ${role} of "${tenant}". It works once, within ${hours} hours: hand it over so that
nobody else sees it. For a client that asks for the token alone: ${token}`;
