import { describe, expect, it } from '@jest/globals';
import type { CallerError, Entitlements } from '@inevitable/contract';
import fc from 'fast-check';
import { pino } from 'pino';
import type { AnswerSeen, OperationSeen, WrittenAdditions } from '../../extensions/gateway-extension.js';
import { ADAS_TENANT, entitlementsWith, somebody } from '../../test-support/protected-supergraph.js';
import { memoryCounters } from './memory-counters.js';
import { rateLimitsKey } from './rate-limit-settings.js';
import { rateLimiter } from './rate-limiter.js';
import { rateLimits } from './rate-limits.js';

const HOUR_MS = 3_600_000;
const HOUR = 60;
const DAY = 150;
const TENANTS = [ADAS_TENANT, '0198c000-0000-7000-8000-00000000000b'] as (typeof ADAS_TENANT)[];

const entitlements: Entitlements = entitlementsWith({
  'gateway.units-per-minute': { kind: 'static', value: 1_000_000 },
  'gateway.units-per-hour': { kind: 'static', value: HOUR },
  'gateway.units-per-day': { kind: 'static', value: DAY },
});

type Step =
  | { readonly kind: 'begin'; readonly tenant: number; readonly units: number }
  | { readonly kind: 'answer' | 'end'; readonly which: number; readonly units: number }
  | { readonly kind: 'wait'; readonly minutes: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('begin' as const), tenant: fc.nat(1), units: anyUnits(40) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('answer' as const), which: fc.nat(20), units: anyUnits(60) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat(20), units: anyUnits(60) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: fc.nat(400) }) },
);

function anyUnits(most: number): fc.Arbitrary<number> {
  return fc.integer({ min: 1, max: most });
}

/** What was taken, as plain integers: one for each tenant and window. */
class Model {
  readonly #taken = new Map<string, number>();
  held = (key: string): number => this.#taken.get(key) ?? 0;
  add(keys: readonly string[], units: number): void {
    for (const key of keys) {
      this.#taken.set(key, this.held(key) + units);
      expect(this.held(key)).toBeGreaterThanOrEqual(0);
    }
  }
}

interface Begun {
  readonly operation: OperationSeen;
  readonly keys: readonly [string, string];
  readonly units: number;
  readonly heldThen: readonly [number, number];
  used: number | null;
}

describe("A tenant's budgets", () => {
  it('are those of plain integers, whenever operations begin and end, and whoever asks beside', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 60 }), async (steps) => {
        let now = Date.UTC(2026, 0, 1, 10, 0, 0);
        const limiter = rateLimiter(
          { mode: 'enforce', settings: rateLimitsKey.parse({}), counters: memoryCounters(), now: () => now },
          { entitlementsOf: () => entitlements, log: pino({ level: 'silent' }) },
        );
        const extension = rateLimits(limiter);
        const model = new Model();
        const begun: Begun[] = [];
        for (const step of steps) {
          if (step.kind === 'wait') now += step.minutes * 60_000;
          else if (step.kind === 'begin') {
            const tenant = TENANTS[step.tenant]!;
            const context = somebody({ tid: tenant });
            const operation = { context, cost: step.units * 10 } as OperationSeen;
            const keys = [
              `${tenant} hour ${Math.floor(now / HOUR_MS)}`,
              `${tenant} day ${Math.floor(now / (24 * HOUR_MS))}`,
            ] as const;
            const fits = model.held(keys[0]) + step.units <= HOUR && model.held(keys[1]) + step.units <= DAY;
            const verdict = await extension.onOperation!(operation);
            expect(verdict.kind).toBe(fits ? 'proceed' : 'reject');
            if (verdict.kind === 'reject') {
              expect((verdict.error as CallerError).code).toBe('RATE_LIMITED');
              extension.onEnd!(operation);
              continue;
            }
            model.add(keys, step.units);
            const heldThen = [model.held(keys[0]), model.held(keys[1])] as const;
            begun.push({ operation, keys, units: step.units, heldThen, used: null });
          } else if (begun.length > 0) {
            const index = step.which % begun.length;
            const one = begun[index]!;
            if (step.kind === 'end') {
              extension.onEnd!(one.operation);
              begun.splice(index, 1);
              model.add(one.keys, (one.used ?? 0) - one.units);
              continue;
            }
            one.used = Math.min(one.units, step.units);
            const answer = { operation: one.operation, actualCost: step.units * 10 } as AnswerSeen;
            const { extensions } = extension.onAnswer!(answer) as WrittenAdditions;
            const back = one.units - one.used;
            expect(JSON.parse(extensions[1]!)).toMatchObject({
              hour: { limit: HOUR, remaining: HOUR - one.heldThen[0] + back },
              day: { limit: DAY, remaining: DAY - one.heldThen[1] + back },
            });
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});
