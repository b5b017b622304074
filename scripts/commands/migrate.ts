import type { Command } from 'commander';
import { identityDatabase } from '@inevitable/identity';
import { operationsDatabase } from '@inevitable/operations';
import { Closers } from '../parts/closers.js';
import { openPlaces } from '../parts/open-places.js';
import { loadProducts, STACK_PARTS } from '../parts/products.js';
import type { CommandWorld } from './command.js';

const EXAMPLES = `
Every start migrates what it uses; this command is for deployments that do it beforehand, with the owner's rights.

Examples:
  stack migrate                                   every product, core-identity, operations and the job store
  DATABASE_URL=postgres://… stack migrate --product starter`;

export function migrateCommand(program: Command, world: CommandWorld): void {
  program
    .command('migrate')
    .description('create roles and schemas, and apply the migrations that are missing')
    .option('--product <name>', 'only this product')
    .addHelpText('after', EXAMPLES)
    .action(async ({ product }: { product?: string }) => {
      const settings = world.settings();
      const closers = new Closers();
      try {
        const { config, databases } = await openPlaces(settings, (line) => world.print(`  ${line}\n`), closers);
        const isPart = product !== undefined && STACK_PARTS.has(product);
        const products = isPart ? [] : await loadProducts(settings, config, product);
        const declarations = [identityDatabase, operationsDatabase]
          .filter((declaration) => product === undefined || declaration.product === product)
          .concat(products.flatMap(({ database }) => (database ? [database as never] : [])));
        for (const declaration of declarations) {
          const { applied } = await databases.prepare(declaration);
          world.print(`${declaration.product}: ${applied.length ? applied.join(', ') : 'up to date'}\n`);
        }
        if (product === undefined) {
          const { applied, keptIn } = await databases.prepareJobStore();
          world.print(
            `jobs: ${applied.length ? applied.join(', ') : 'up to date'}${settings.mongodbUri === undefined ? '' : `, kept in ${keptIn}`}\n`,
          );
        }
      } finally {
        await closers.closeAll();
      }
    });
}
