/**
 * What a simple operation costs at most: one object, or a short page of them, and a mutation that writes one. So a plan
 * speaks of simple operations, and an operation that asks for more counts as several.
 */
const COST_OF_ONE_UNIT = 10;

/** What an operation takes of every limit and budget. */
export const unitsOf = (cost: number): number => Math.max(1, Math.ceil(cost / COST_OF_ONE_UNIT));

/** The most that so many units are good for. */
export const costOf = (units: number): number => units * COST_OF_ONE_UNIT;
