import type { TenantId, UserId } from '../ids.js';

/** What one product has to do with what it keeps of a tenant, or of one person in it. Core-identity alone orders it. */
export interface DataTask {
  /** A UUID; the parts of one order make one archive, or one erasure. */
  readonly orderId: string;
  readonly kind: 'export' | 'erase';
  readonly tenantId: TenantId;
  /** null: all that is the tenant's. Else what is this person's in it. */
  readonly userId: UserId | null;
}

/** Of one product, which task. */
export type TaskRef = Pick<DataTask, 'orderId' | 'tenantId'>;

/** What a product did for a task. */
export interface DataPart {
  /** Exported, or erased. */
  readonly rows: number;
  readonly files: number;
  /** Erased; 0 of an export. */
  readonly jobs: number;
  /** Of an export: SHA-256, in hex, of the list of its files. null of an erasure. */
  readonly index: string | null;
}

export interface TenantDataPort {
  /** A page of what waits for a product, the oldest order first: from the first task behind `after`, at most 50. */
  open(product: string, after: TaskRef | null): Promise<readonly DataTask[]>;
  /** A part is done. False: nobody waits for it any more. */
  done(product: string, task: TaskRef, part: DataPart): Promise<boolean>;
}

/** How many tasks `open` answers at most. */
export const OPEN_TASKS_PAGE = 50;
