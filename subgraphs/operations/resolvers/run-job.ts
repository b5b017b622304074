import {
  BadUserInput,
  Conflict,
  Forbidden,
  newId,
  NotFound,
  parseInput,
  userOf,
  type JobDefinition,
} from '@inevitable/kit';
import type { JobScope } from '@inevitable/kit/host';
import type { MutationResolvers } from '../generated/resolvers.js';
import type { OperationsSources } from '../subgraph.js';
import { findJob } from './job.js';
import { jobScopeOf, tenantAskedFor } from './job-scope-of.js';
import { nameAskedFor } from './name-asked-for.js';

/**
 * Known is what a worker has declared or this process has the code of. Without the code the payload is checked by the
 * worker alone, and no key keeps a second job from being queued.
 */
export const runJob =
  ({ desk, jobs }: OperationsSources): NonNullable<MutationResolvers['runJob']> =>
  async (_parent, { input }, context) => {
    const scope = jobScopeOf(context);
    const name = nameAskedFor(input.name, 'input.name');
    const asked = tenantAskedFor(scope, input.tenantId, 'input.tenantId');
    const tenantId = asked ?? (scope.kind === 'tenant' ? scope.tenantId : null);

    const [stored] = await desk.definitions(scope, { name });
    const declared = isProductIn(scope, name) ? jobs.find((job) => job.name === name) : undefined;
    if (!stored && !declared) throw new NotFound('job definition');
    const isOfNoTenant =
      (declared?.schedule ?? stored?.schedule) && (declared?.scope ?? stored?.scope) !== 'each-tenant';
    if (isOfNoTenant && scope.kind === 'tenant')
      throw new Forbidden('This job is of no tenant: only platform administrators run it by hand.');
    const fansOut = tenantId === null && (declared?.scope ?? stored?.scope) === 'each-tenant';

    const payload = storable(input.payload ?? {});
    const onceKey = declared ? keyOf(declared, payload) : null;
    const id = newId();
    const outcome = await desk.run(scope, {
      id,
      name,
      tenantId,
      payload,
      correlationId: context.requestId,
      trace: context.trace,
      onceKey: fansOut ? null : onceKey, // it would be each tenant's own
      fansOut,
    });
    switch (outcome) {
      case 'queued':
        context.log.info(
          { definition: name, job: id, for: tenantId, by: userOf(context.caller) },
          'a job was made by hand',
        );
        return findJob(desk, scope, id);
      case 'not found':
        throw new NotFound('job definition');
      case 'taken':
        throw new Conflict('Another job with the same key waits or runs.');
    }
  };

/** As in the outbox. */
const LONGEST_KEY = 500;

const isProductIn = (scope: JobScope, name: string): boolean =>
  scope.kind === 'all' || scope.products.includes(name.split('.', 1)[0]!);

/** Checks the payload too. Throws `BadUserInput` with the field that does not fit. */
function keyOf(job: JobDefinition, payload: unknown): string | null {
  const parsed = parseInput(job.payload, payload, 'input.payload');
  const key = job.once?.(parsed) ?? null;
  if (key !== null && key.length > LONGEST_KEY)
    throw new BadUserInput(`The key this payload makes has more than ${LONGEST_KEY} characters.`, 'input.payload');
  return key;
}

/** Far more than any job takes, and far less than what reads it by recursion can bear. */
const MOST_LEVELS = 100;

/**
 * PostgreSQL has no text with the character 0 or half of a surrogate pair; JSON writes both as \u…. Throws `BadUserInput`.
 */
function storable(payload: unknown): unknown {
  if (isNestedDeeper(payload, MOST_LEVELS))
    throw new BadUserInput(`A payload has at most ${MOST_LEVELS} levels.`, 'input.payload');
  if (/(?<!\\)(\\\\)*\\u(0000|d[89a-f])/.test(JSON.stringify(payload)))
    throw new BadUserInput('A payload is well-formed Unicode without the character 0.', 'input.payload');
  return payload;
}

/** Level by level, not by recursion: whoever asks chooses how many there are. */
function isNestedDeeper(value: unknown, levels: number): boolean {
  let level = [value].filter(isNested);
  for (let depth = 0; level.length; depth += 1) {
    if (depth === levels) return true;
    level = level.flatMap((each) => Object.values(each)).filter(isNested);
  }
  return false;
}

const isNested = (value: unknown): value is object => typeof value === 'object' && value !== null;
