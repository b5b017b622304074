import { withSession, type TenantSession } from './tenant-pool.js';

/** What a product may do with its client. Transactions are the kit's: one per root mutation field, or `transaction()`. */
export type TenantClient<Client> = Omit<
  Client,
  '$transaction' | '$connect' | '$disconnect' | '$on' | '$extends' | '$use' | symbol
>;

/** The part of a generated Prisma client the kit relies on. */
export interface PrismaClientLike {
  $extends(extension: unknown): unknown;
  $connect(): Promise<void>;
  $disconnect(): Promise<void>;
}

interface Operation {
  readonly model?: string;
  readonly operation: string;
  readonly args: { readonly where?: Record<string, unknown> } & Record<string, unknown>;
  readonly query: (args: unknown) => Promise<unknown>;
}

/** A handle on `client` whose every operation runs in `session`. */
export function bindClient<Client extends PrismaClientLike>(
  client: Client,
  session: TenantSession,
): TenantClient<Client> {
  return client.$extends({
    query: {
      $allOperations: ({ model, operation, args, query }: Operation) =>
        // Awaited inside: a Prisma promise does nothing until somebody asks for its value.
        withSession(session, async () => {
          const single = model && SINGLE_READ[operation];
          return single ? await readFirst(client, model, single, args) : await query(args);
        }),
    },
  }) as TenantClient<Client>;
}

/**
 * Prisma merges the `findUnique` calls of one tick on one client into one statement, across tenants: the second
 * tenant's call then runs in the first one's session. `findFirst` is not merged, and answers the same.
 */
const SINGLE_READ: Readonly<Record<string, 'findFirst' | 'findFirstOrThrow'>> = {
  findUnique: 'findFirst',
  findUniqueOrThrow: 'findFirstOrThrow',
};

function readFirst(client: object, model: string, operation: string, args: Operation['args']): Promise<unknown> {
  const delegate = (client as Record<string, Record<string, (args: unknown) => Promise<unknown>>>)[lowerFirst(model)]!;
  return delegate[operation]!({
    ...args,
    where: flattenCompoundKey(args.where ?? {}, Object.keys(delegate['fields'] ?? {})),
  });
}

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** `{ tenantId_id: { tenantId, id } }` is how findUnique names a compound key; findFirst wants its fields. */
function flattenCompoundKey(where: Record<string, unknown>, fields: readonly string[]): Record<string, unknown> {
  const flat: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(where)) {
    const isCompoundKey = key.includes('_') && !fields.includes(key) && typeof value === 'object' && value !== null;
    if (isCompoundKey) Object.assign(flat, value);
    else flat[key] = value;
  }
  return flat;
}
