import type { JobRecord } from '@inevitable/contract';
import { v7 } from 'uuid';

/** Tenants in order: a higher number has a higher id. */
export const tenant = (number: number): string => `00000000-0000-8000-8000-${number.toString(16).padStart(12, '0')}`;

/** As the relay hands one over: of no tenant, ready at once, unless told. */
export const jobRecord = (record: Partial<JobRecord> & Pick<JobRecord, 'name'>): JobRecord => ({
  id: v7(),
  tenantId: null,
  payload: {},
  correlationId: 'test',
  trace: null,
  onceKey: null,
  priority: 0,
  runAt: null,
  after: [],
  ...record,
});

export const jobRecords = (count: number, record: Parameters<typeof jobRecord>[0]): readonly JobRecord[] =>
  Array.from({ length: count }, () => jobRecord(record));
