import { createHash } from 'node:crypto';
import type { RequestContext } from '@inevitable/contract';

const PERCENT = /^percent\((\d+(?:\.\d+)?)\)$/;

/** Whether the new side of a progressive `@override` is taken, by label. */
export type Overrides = Readonly<Record<string, boolean>>;

const NONE: Overrides = Object.freeze({});

/**
 * Decides every label of the supergraph for one request (Apollo Federation, progressive `@override`). `percent(n)` holds
 * for n percent of tenants, always for the same ones, and for those still when n grows, so that a migration never takes a
 * tenant back; a caller without a tenant is counted by request. A named label is what an extension says, and off where
 * none does.
 */
export function decideOverrides(
  labels: readonly string[],
  context: RequestContext,
  decide: ((label: string, context: RequestContext) => boolean | undefined) | null,
): Overrides {
  if (labels.length === 0) return NONE;
  const subject = context.tenant?.id ?? context.requestId;
  return Object.fromEntries(
    labels.map((label) => {
      const percent = PERCENT.exec(label)?.[1];
      return [label, percent === undefined ? decide?.(label, context) === true : shareOf(subject) < Number(percent)];
    }),
  );
}

/** Equal for equal decisions; part of a plan's cache key. */
export const overridesKey = (overrides: Overrides): string =>
  overrides === NONE
    ? ''
    : Object.entries(overrides)
        .flatMap(([label, on]) => (on ? [label] : []))
        .join();

/** From 0 up to 100, evenly. */
function shareOf(subject: string): number {
  const digest = createHash('sha256').update(subject).digest();
  return (digest.readUInt32BE(0) / 2 ** 32) * 100;
}
