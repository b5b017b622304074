import type { SystemDatabase } from '../store/system-database.js';
import { FIRST_HASH, PLATFORM_CHAIN, type RecordContent } from './record-text.js';
import { verifyChain, type KnownHead, type VerifiedChain } from './verify-chain.js';

/** One chain: a tenant's, or that of what happens in no tenant. */
export interface ChainName {
  /** The tenant's id, or the id of nobody. */
  readonly id: string;
  /** null: of no tenant, or of one that is gone. */
  readonly slug: string | null;
}

export interface ChainHead extends ChainName, KnownHead {}
export interface ChainVerdict extends ChainName, VerifiedChain {}

/** An event of a chain, with what is kept apart of it; null: there is none, or it was erased. */
export interface ListedEvent extends RecordContent {
  readonly sequence: number;
  readonly data: Readonly<Record<string, string>> | null;
}

export interface ListedEvents {
  readonly chain: ChainName;
  readonly action?: string | undefined;
  /** How many, 1 to 10,000. */
  readonly last: number;
}

/** The audit for an operator at the machine: every tenant's chain. */
export interface AuditChains {
  /** All of them by id, those of tenants that are gone included. */
  chains(): Promise<readonly ChainName[]>;
  /** Where a chain ends now. */
  head(chain: ChainName): Promise<ChainHead>;
  /** Walks a chain. `known`: heads that were kept elsewhere. */
  verify(chain: ChainName, known?: readonly KnownHead[]): Promise<ChainVerdict>;
  /** The latest of a chain, the oldest first. */
  list(wanted: ListedEvents): Promise<readonly ListedEvent[]>;
}

/** Those without a head, too, which somebody may have removed. Skips from tenant to tenant, and reads no event. */
const CHAINS = `
  with recursive chains as (
    (select tenant_id from audit_events order by tenant_id limit 1)
    union all
    select (select e.tenant_id from audit_events e where e.tenant_id > c.tenant_id order by e.tenant_id limit 1)
    from chains c where c.tenant_id is not null
  )
  select c.id, t.slug
  from (select tenant_id as id from audit_heads union select tenant_id from chains where tenant_id is not null) c
    left join tenants t on t.id = c.id
  order by c.id`;

const LIST = `
  select e.sequence, e.record, p.data
  from audit_events e left join audit_personal p on p.tenant_id = e.tenant_id and p.event_id = e.id
  where e.tenant_id = $1 and ($2::text is null or e.action = $2)
  order by e.occurred_at desc, e.sequence desc limit $3`;

export const openAuditChains = ({ rows }: SystemDatabase): AuditChains => ({
  chains: () => rows<ChainName>(CHAINS),
  async head(chain) {
    const [found] = await rows<{ sequence: string; hash: Buffer }>(
      'select sequence, hash from audit_heads where tenant_id = $1',
      [chain.id],
    );
    return { ...chain, sequence: Number(found?.sequence ?? 0), hash: (found?.hash ?? FIRST_HASH).toString('hex') };
  },
  verify: async (chain, known) => ({ ...chain, ...(await verifyChain(rows, chain.id, known)) }),
  async list({ chain, action, last }) {
    const found = await rows<{ sequence: string; record: string; data: ListedEvent['data'] }>(LIST, [
      chain.id,
      action ?? null,
      last,
    ]);
    return found
      .map(({ sequence, record, data }) => ({
        ...(JSON.parse(record) as RecordContent),
        sequence: Number(sequence),
        data,
      }))
      .reverse();
  },
});

/** What happens in no tenant. */
export const OF_NO_TENANT: ChainName = { id: PLATFORM_CHAIN, slug: null };
