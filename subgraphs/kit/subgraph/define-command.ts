import type { Logger } from 'pino';
import type { TenantFiles } from '../files/tenant-files.js';
import type { PrismaClientLike, TenantClient } from '../database/index.js';
import type { TenantWork } from './product-context.js';

/** What a command's `run` gets: one tenant's rows and files, as a job of that tenant would. */
export interface CommandRun<Client = PrismaClientLike> {
  /** Of the options declared, named as commander does (`--dry-run` is `dryRun`); absent ones are not in it. A flag (no `<value>`) is `true`. */
  readonly options: Readonly<Record<string, string | true>>;
  readonly db: TenantClient<Client>;
  readonly transaction: <T>(work: (scope: TenantWork<Client>) => Promise<T>) => Promise<T>;
  readonly files: TenantFiles;
  /** A line for the operator, on standard output. */
  readonly print: (line: string) => void;
  readonly log: Logger;
}

/** An operator's command of one product, run for one tenant: `stack <product> <name> --tenant <slug> …`. */
export interface ProductCommand<Client extends PrismaClientLike = PrismaClientLike> {
  /** In small letters and dashes. */
  readonly name: string;
  readonly description: string;
  /** Flags as commander writes them (`--backup <key>`, `--list`), with what they mean. `--tenant` is the kit's. */
  readonly options?: Readonly<Record<string, string>>;
  /** Shown by `--help`: whole command lines. */
  readonly examples: readonly string[];
  /** Throws a `CallerError` whose message the operator reads; anything else is a bug. */
  run(run: CommandRun<Client>): Promise<void>;
}

export const defineCommand = <Client extends PrismaClientLike = PrismaClientLike>(
  command: ProductCommand<Client>,
): ProductCommand<Client> => Object.freeze(command);
