import type { Command } from 'commander';
import type { TenantRecord } from '@inevitable/contract';
import type { Identity } from '@inevitable/identity';
import type { CommandRun, ProductCommand, SubgraphDeclaration } from '@inevitable/kit';
import { runCommand } from '@inevitable/kit/host';
import { Closers } from '../parts/closers.js';
import { openFileStore } from '../parts/file-store.js';
import { openForOperator } from '../parts/open-for-operator.js';
import { openProductRows } from '../parts/open-product-rows.js';
import { loadProducts, productsOf } from '../parts/products.js';
import { readSupergraphConfig } from '../parts/supergraph.js';
import type { CommandWorld } from './command.js';

/** `--tenant` names nobody. */
export class TenantUnknown extends Error {}

const PLACES = `
It needs the data directory and the databases of core-identity and of the product, and runs beside a stack that is up.
`;

/**
 * Adds `stack <name> …`, with the commands that the product declares. Adds nothing where `name` is no product: commander
 * then says that it knows no such command.
 */
export async function productCommands(program: Command, world: CommandWorld, name: string): Promise<void> {
  const settings = world.settings();
  const config = await readSupergraphConfig(settings.supergraphConfig);
  if (!productsOf(config).includes(name)) return;
  const [declaration] = await loadProducts(settings, config, name);
  const { commands = [] } = declaration!;
  if (!commands.length) program.error(`error: the product "${name}" has no commands.`);
  const ofProduct = program
    .command(name)
    .description(`the commands of ${name}`)
    .addHelpText('after', examplesOf(commands));
  for (const command of commands) {
    const declared = ofProduct
      .command(command.name)
      .description(command.description)
      .requiredOption('--tenant <slug>', 'whose rows and files')
      .addHelpText('after', PLACES + examplesOf([command]));
    for (const [flags, meaning] of Object.entries(command.options ?? {})) declared.option(flags, meaning);
    declared.action(({ tenant, ...options }: CommandRun['options'] & { readonly tenant: string }) =>
      runForTenant(declaration!, command, { slug: tenant, options }, world),
    );
  }
}

const examplesOf = (commands: readonly ProductCommand[]): string =>
  `\nExamples:\n${commands.flatMap(({ examples }) => examples.map((example) => `  ${example}`)).join('\n')}`;

interface Asked {
  readonly slug: string;
  readonly options: CommandRun['options'];
}

/** Throws `TenantUnknown`, and what the command throws. */
async function runForTenant(
  declaration: SubgraphDeclaration,
  command: ProductCommand,
  { slug, options }: Asked,
  world: CommandWorld,
): Promise<void> {
  const closers = new Closers();
  try {
    const { settings, databases, identity, log } = await openForOperator(world, closers);
    const tenant = await findTenant(identity, slug);
    const { database } = await openProductRows(declaration, databases);
    if (database) closers.add(`database of ${declaration.name}`, () => database.close());
    const { files } = await openFileStore(settings, closers);
    await runCommand(command, options, {
      declaration,
      database,
      files,
      tenant,
      deployment: settings.deploymentOf(declaration.name) ?? settings.deployment,
      print: (line) => world.print(`${line}\n`),
      log,
    });
  } finally {
    await closers.closeAll();
  }
}

/** Throws `TenantUnknown`; also for one that is being deleted, whose rows must not come back. */
async function findTenant(identity: Identity, slug: string): Promise<TenantRecord> {
  const tenant = await identity.findTenantOfSlug(slug);
  if (tenant && tenant.status !== 'deleting') return tenant;
  throw new TenantUnknown(`There is no tenant "${slug}": give the slug of one, such as --tenant acme.`);
}
