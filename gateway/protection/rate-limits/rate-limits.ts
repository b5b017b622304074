import { requestInLog } from '@inevitable/contract';
import { LRUCache } from 'lru-cache';
import { NO_MEMBERS, type JsonMembers } from '../../executor/answer.js';
import {
  proceed,
  reject,
  WrittenAdditions,
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
import { neverEnough, remainingOf, type Outcome } from './take-units.js';
import { unitsOf } from './units.js';

/** Windows of which the log was told that they would refuse. */
const REMEMBERED_WARNINGS = 10_000;

/** What an operation took, until its end. */
interface Running {
  readonly limits: readonly Limit[];
  /** In the order of `limits`: the units that each of them had left then. */
  readonly remaining: readonly number[];
  readonly units: number;
  /** In the order of `limits`; none where the operation was not counted. */
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
    if (!(outcome instanceof Promise)) return settle(operation, limits, outcome, units, at);
    return outcome.then((known) => settle(operation, limits, known, units, at));
  }

  function settle(
    operation: OperationSeen,
    { all }: LimitsOfCaller,
    outcome: Outcome,
    units: number,
    at: number,
  ): Verdict {
    if (outcome.kind === 'granted') {
      const { taken } = outcome;
      const remaining: number[] = [];
      for (let index = 0; index < taken.length; index++) remaining.push(remainingOf(all[index]!, taken[index]!.held));
      running.set(operation, { limits: all, remaining, units, taken, used: 0 });
      return proceed;
    }
    const { refusing, passesAt, standings } = outcome;
    if (mode === 'enforce') return reject(rateLimited(refusing, units, passesAt, at));
    warn(refusing, operation, units);
    const limits = standings.map(({ limit }) => limit);
    const remaining = standings.map((one) => one.remaining);
    running.set(operation, { limits, remaining, units: 0, taken: [], used: 0 });
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
      const { limits, remaining, units } = found;
      // One unit is the least; the answer need not be measured for it. An answer may be larger than was estimated.
      found.used = units > 1 ? Math.min(units, unitsOf(answer.actualCost)) : units;
      return new WrittenAdditions(
        budgetIn(limits, remaining, units - found.used),
        rateLimitHeaders(nearest(limits, remaining), now()),
      );
    },

    onEnd(operation) {
      const found = running.take(operation);
      if (!found) return;
      const { limits, taken, units, used } = found;
      if (used === units) return;
      taken.forEach((one, index) => limits[index]!.budget && one.giveBack(units - used));
    },
  };
}

/** `back`: units that are about to be given back. Empty: nobody has a budget. */
function budgetIn(limits: readonly Limit[], remaining: readonly number[], back: number): JsonMembers {
  let budgets = '';
  for (let index = 0; index < limits.length; index++) {
    const { budget, units } = limits[index]!;
    if (budget === null) continue;
    const left = Math.min(units, remaining[index]! + back);
    budgets += budgets === '' ? `{${budget[0]}${left}${budget[1]}` : `,${budget[0]}${left}${budget[1]}`;
  }
  return budgets === '' ? NO_MEMBERS : ['"budget"', `${budgets}}`];
}
