import type { KeptDefinition, KeptFiring, KeptJob, KeptRun } from '@inevitable/kit/host';
import fc from 'fast-check';
import { tenant } from '../../support/job-records.js';

// Stores with anything in them that a store can have.

const LONGEST = 12;

/** As every text of a store: without NUL and half surrogate pairs. */
const text = fc
  .oneof(fc.string({ unit: 'binary', maxLength: LONGEST }), fc.string({ unit: 'grapheme', maxLength: LONGEST }))
  .map((any) => any.replaceAll('\0', '').toWellFormed());
const oddKey = fc.oneof(fc.constantFrom('__proto__', 'constructor', '$set', '$', 'a.b', '.', '', '0', '_id'), text);
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((any) => JSON.stringify(any)),
  fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(String),
  fc.constantFrom('0', '-0', '1.50', '1e2', '9007199254740993', '123456789012345678901234567890.12345', '1e-30'),
);

/** As text: JavaScript has no room for each of the numbers, and no such object for each of the keys. */
const json = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(
      number,
      text.map((any) => JSON.stringify(any)),
      fc.constantFrom('true', 'false', 'null'),
    ),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join()}]`),
    fc
      .uniqueArray(fc.tuple(oddKey, tie('value')), { maxLength: 4, selector: ([key]) => key })
      .map((members) => `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join()}}`),
  ),
})).value;
const deepJson = fc
  .tuple(fc.integer({ min: 1, max: 400 }), json)
  .map(([depth, core]) => '{"a":['.repeat(depth) + core + ']}'.repeat(depth));

const time = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
const maybe = <T>(any: fc.Arbitrary<T>) => fc.option(any, { nil: null });
const name = fc.constantFrom('notes.count', 'notes.send-mail', 'tasks.close_month', 'tasks.a.b');
const id = fc.uuid({ version: [7, 8] });

const run: fc.Arbitrary<KeptRun> = fc.record({
  fence: fc.integer({ min: 1, max: 1_000 }),
  attempt: fc.integer({ min: 1, max: 20 }),
  worker: text,
  startedAt: time,
  endedAt: time,
  outcome: fc.constantFrom('succeeded', 'skipped', 'failed', 'postponed', 'interrupted', 'cancelled', 'lost'),
  error: maybe(text),
  log: fc.array(fc.record({ at: text, level: text, message: text }), { maxLength: 3 }),
});

/** `running` ones are as a worker left them that was lost. */
const job: fc.Arbitrary<KeptJob> = fc
  .record({
    id,
    name,
    tenantId: maybe(fc.integer({ min: 1, max: 3 }).map(tenant)),
    payload: fc.oneof({ arbitrary: json, weight: 4 }, deepJson),
    correlationId: text,
    trace: maybe(text),
    onceKey: maybe(fc.oneof(text, fc.constantFrom('a', '$', '[".'))),
    priority: fc.integer({ min: -20, max: 20 }),
    fansOut: fc.boolean(),
    schedule: maybe(name),
    state: fc.constantFrom('blocked', 'scheduled', 'ready', 'running', 'succeeded', 'dead', 'cancelled'),
    wakeAt: time,
    runAt: time,
    attempts: fc.integer({ min: 0, max: 30 }),
    fence: fc.integer({ min: 0, max: 1_000 }),
    worker: maybe(text),
    progress: maybe(fc.integer({ min: 0, max: 1_000 }).map((share) => share / 1_000)),
    note: maybe(text),
    error: maybe(text),
    createdAt: time,
    startedAt: maybe(time),
    finishedAt: time,
    cancelledAfter: maybe(fc.integer({ min: 0, max: 5 })),
    after: fc.uniqueArray(fc.record({ id, isOpen: fc.boolean() }), { maxLength: 3, selector: (waited) => waited.id }),
    runs: fc.uniqueArray(run, { maxLength: 3, selector: ({ fence }) => fence }),
  })
  .map((any): KeptJob => ({
    ...any,
    wakeAt: any.state === 'scheduled' ? any.wakeAt : any.state === 'running' ? new Date('2001-01-01') : null,
    finishedAt: ['succeeded', 'dead', 'cancelled'].includes(any.state) ? any.finishedAt : null,
    after: any.after.toSorted((one, other) => (one.id < other.id ? -1 : 1)),
    runs: any.runs.toSorted((one, other) => one.fence - other.fence),
  }));

export interface KeptStore {
  /** By id. */
  readonly jobs: readonly KeptJob[];
  /** By name. */
  readonly definitions: readonly KeptDefinition[];
  /** Of definitions that have a schedule; by due time. */
  readonly firings: ReadonlyMap<string, readonly KeptFiring[]>;
}

const definition = fc.record({
  product: fc.constantFrom('notes', 'tasks'),
  declared: json.map((any) => `{"$odd.key":${any}}`),
  declaredAt: time,
  schedule: maybe(
    fc.record({
      cron: text,
      timezone: text,
      nextDue: maybe(time),
      lastDue: maybe(time),
      missed: fc.nat(),
      pausedAt: maybe(time),
    }),
  ),
});
const firings = fc
  .uniqueArray(fc.record({ due: time, firedAt: time, job: maybe(id) }), {
    maxLength: 4,
    selector: ({ due }) => due.getTime(),
  })
  .map((any) => any.toSorted((one, other) => one.due.getTime() - other.due.getTime()));

/** Whatever `purge` would remove is in the future by its clock, or is what `keepMs` reaches back to. */
export const anyKeptStore: fc.Arbitrary<KeptStore> = fc
  .record({
    jobs: fc.uniqueArray(job, { maxLength: 8, selector: (one) => one.id }),
    definitions: fc.dictionary(name, definition, { maxKeys: 3 }),
    firings: fc.array(firings, { minLength: 4, maxLength: 4 }),
  })
  .map((any) => {
    const definitions = Object.entries(any.definitions)
      .map(([of, one]) => ({ name: of, ...one }))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
    return {
      jobs: oncePerKey(any.jobs).toSorted((one, other) => (one.id < other.id ? -1 : 1)),
      definitions,
      firings: new Map(
        definitions.filter(({ schedule }) => schedule).map((one, index) => [one.name, any.firings[index]!]),
      ),
    };
  });

/** Of two open jobs of one key there is only one. */
function oncePerKey(jobs: readonly KeptJob[]): readonly KeptJob[] {
  const keys = new Set<string>();
  return jobs.filter((one) => {
    if (one.onceKey === null || one.finishedAt !== null) return true;
    const key = JSON.stringify([one.name, one.tenantId, one.onceKey]);
    return !keys.has(key) && keys.add(key);
  });
}
