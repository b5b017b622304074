import { requestInLog } from '@inevitable/contract';
import { LRUCache } from 'lru-cache';
import {
  proceed,
  reject,
  WrittenJson,
  type GatewayExtension,
  type OperationSeen,
  type Verdict,
} from '../../extensions/gateway-extension.js';
import { OperationNotes } from '../../extensions/operation-notes.js';
import type { Taken } from './counters.js';
import type { Limit, LimitsOfCaller } from './limits-of-caller.js';
import { nearest, rateLimitHeaders, type Standing } from './rate-limit-headers.js';
import type { RateLimiter } from './rate-limiter.js';
import { OperationTooLarge, rateLimited } from './refusals.js';
import { neverEnough, type Outcome } from './take-units.js';
import { unitsOf } from './units.js';

/** Windows of which the log was told that they would refuse. */
const REMEMBERED_WARNINGS = 10_000;

/** What an operation took, until its end. */
interface Running {
  readonly standings: readonly Standing[];
  readonly units: number;
  /** In the order of `standings`; none where the operation was not counted. */
  readonly taken: readonly Taken[];
  /** What it was worth: nothing until something was fetched for it. */
  used: number;
}

/**
 * Takes an operation's units of all that limits its caller, or refuses it. What it did not use of its tenant's budgets per
 * hour and day comes back at its end; a minute's units do not, they speak of what is asked for.
 */
export function rateLimits({ mode, log, now, withLimits, take: takeUnits }: RateLimiter): GatewayExtension {
  const running = new OperationNotes<Running>();
  const warnedOf = new LRUCache<string, true>({ max: REMEMBERED_WARNINGS });

  function take(operation: OperationSeen, limits: LimitsOfCaller, at: number): Verdict | Promise<Verdict> {
    const units = unitsOf(operation.cost);
    const tooSmall = neverEnough(limits, units);
    if (tooSmall) {
      if (mode === 'enforce') return reject(new OperationTooLarge(operation.cost, tooSmall));
      warn({ limit: tooSmall, remaining: tooSmall.units }, operation, units);
      return proceed;
    }
    const outcome = takeUnits(limits, units, at);
    if (!(outcome instanceof Promise)) return settle(operation, outcome, units, at);
    return outcome.then((known) => settle(operation, known, units, at));
  }

  function settle(operation: OperationSeen, outcome: Outcome, units: number, at: number): Verdict {
    const { standings } = outcome;
    if (outcome.kind === 'granted') {
      running.set(operation, { standings, units, taken: outcome.taken, used: 0 });
      return proceed;
    }
    const { refusing, passesAt } = outcome;
    if (mode === 'enforce') return reject(rateLimited(refusing, units, passesAt, at));
    warn(refusing, operation, units);
    running.set(operation, { standings, units: 0, taken: [], used: 0 });
    return proceed;
  }

  /** Once for each window: a flood is one line. */
  function warn({ limit, remaining }: Standing, { context }: OperationSeen, units: number): void {
    if (warnedOf.has(limit.key)) return;
    warnedOf.set(limit.key, true);
    const facts = { limit: limit.by, tenantId: context.tenant?.id ?? null, units, remaining, quota: limit.units };
    log.warn({ ...facts, ...requestInLog(context) }, 'RATE_LIMITS=enforce would refuse an operation here.');
  }

  return {
    name: 'rate-limits',
    contract: 1,

    onOperation: (operation) =>
      withLimits(operation.context, (limits, at) => (limits ? take(operation, limits, at) : proceed)),

    onSubscription(operation) {
      const found = running.get(operation);
      if (found) found.used = found.units;
    },

    onAnswer(answer) {
      const found = running.get(answer.operation);
      if (!found) return undefined; // not limited, or an event of a subscription
      const { standings, units } = found;
      // One unit is the least; the answer need not be measured for it. An answer may be larger than was estimated.
      found.used = units > 1 ? Math.min(units, unitsOf(answer.actualCost)) : units;
      const headers = rateLimitHeaders(nearest(standings), now());
      const budget = budgetIn(standings, units - found.used);
      return budget ? { headers, extensions: { budget } } : { headers };
    },

    onEnd(operation) {
      const found = running.take(operation);
      if (!found) return;
      const { standings, taken, units, used } = found;
      if (used === units) return;
      taken.forEach((one, index) => isBudget(standings[index]!.limit) && one.giveBack(units - used));
    },
  };
}

const isBudget = ({ by }: Limit): boolean => by === 'hour' || by === 'day';

/** `back`: units that are about to be given back. Undefined: nobody has a budget. */
function budgetIn(standings: readonly Standing[], back: number): WrittenJson | undefined {
  let members = '';
  for (const { limit, remaining } of standings)
    if (isBudget(limit)) {
      const { by, units, resetsAt } = limit;
      const left = Math.min(units, remaining + back);
      members += `${members && ','}"${by}":{"limit":${units},"remaining":${left},"resetsAt":"${resetsAt}"}`;
    }
  return members === '' ? undefined : new WrittenJson(`{${members}}`);
}
