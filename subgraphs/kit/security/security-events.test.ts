import { describe, expect, it } from '@jest/globals';
import type { SecurityEvent, SecurityEvents, TenantId } from '@inevitable/contract';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { securityEvents } from './security-events.js';

const [ACME, GLOBEX] = ['01890000-0000-7000-8000-00000000acfe', '01890000-0000-7000-8000-00000000610b'] as [
  TenantId,
  TenantId,
];

/** Every event, with its labels. */
const EVENTS: { readonly [Event in SecurityEvent]: SecurityEvents[Event] } = {
  'sign-in granted': {},
  'sign-in refused': {},
  'sign-in throttled': {},
  'sign-in challenged': {},
  'second factor accepted': {},
  'second factor refused': {},
  'second factor locked': {},
  'second factor changed': {},
  'refresh token replayed': {},
  'operator token issued': {},
  'password reset asked': {},
  'password reset done': {},
  'password reset refused': {},
  'API key refused': {},
  'credential refused': { credential: 'api-key', reason: 'malformed' },
  denied: { product: 'starter', code: 'FORBIDDEN' },
  'operation refused': { code: 'RATE_LIMITED' },
  'quota refused': { feature: 'starter.notes' },
  'revocations stale': {},
};

interface Line {
  readonly event: string;
  readonly leftOut?: number;
}

function watched(now: () => number = () => 0) {
  const lines: Line[] = [];
  const warned: Line[] = [];
  const log = {
    info: (line: Line) => lines.push(line),
    warn: (line: Line) => (lines.push(line), warned.push(line)),
  } as unknown as Logger;
  const registry = new Registry();
  const counted = async (name: string) => (await registry.getSingleMetric(name)!.get()).values;
  return { lines, warned, registry, counted, securityEvent: securityEvents(log, registry, now) };
}

describe('A security event', () => {
  it.each(Object.entries(EVENTS))('"%s" is one line and one more in a counter', async (name, labels) => {
    const { lines, registry, securityEvent } = watched();
    securityEvent(name as SecurityEvent, { ...labels, tenantId: ACME } as never);
    expect(lines).toEqual([{ security: true, event: name, ...labels, tenantId: ACME }]);
    const counters = (await registry.getMetricsAsJSON()).flatMap(({ values }) => values as { value: number }[]);
    expect(counters.reduce((sum, { value }) => sum + value, 0)).toBe(1);
  });

  it('is counted by labels of its own, and by no tenant, person or reason that goes with it', async () => {
    const { registry, counted, securityEvent } = watched();
    const facts = { tenantId: ACME, userId: 'ada', reason: 'wrong password', address: '192.0.2.7' };
    for (const [name, labels] of Object.entries(EVENTS))
      securityEvent(name as SecurityEvent, { ...facts, ...labels } as never);
    const text = await registry.metrics();
    for (const fact of Object.values(facts)) expect(text).not.toContain(fact);
    expect(await counted('stack_denials_total')).toEqual([
      { labels: { product: 'starter', code: 'FORBIDDEN' }, value: 1 },
    ]);
    expect(await counted('stack_sign_ins_total')).toHaveLength(4);
  });

  it('warns where somebody should look, and where it is told to', () => {
    const { warned, securityEvent } = watched();
    securityEvent('refresh token replayed', {});
    securityEvent('sign-in throttled', {}, true);
    securityEvent('sign-in throttled', {}, false);
    expect(warned.map(({ event }) => event)).toEqual(['refresh token replayed', 'sign-in throttled']);
  });

  it('that comes in a flood is counted each time, and is 60 lines a minute for each tenant', async () => {
    let now = 0;
    const { lines, counted, securityEvent } = watched(() => now);
    const deny = (tenantId: TenantId) => securityEvent('denied', { ...EVENTS.denied, tenantId });
    for (let at = 0; at < 100; at += 1) deny(ACME);
    expect(lines).toHaveLength(60);
    deny(GLOBEX);
    expect(lines).toHaveLength(61);
    now = 60_000;
    deny(ACME);
    expect(lines.at(-1)).toMatchObject({ tenantId: ACME, leftOut: 40 });
    expect(await counted('stack_denials_total')).toMatchObject([{ value: 102 }]);
  });

  it('is a line where nobody reads metrics', () => {
    const lines: unknown[] = [];
    securityEvents({ info: (line: unknown) => lines.push(line) } as never)('sign-in granted', {});
    expect(lines).toEqual([{ security: true, event: 'sign-in granted' }]);
  });
});
