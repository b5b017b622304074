import type { FiguresByGateway, SpeedTable, SpeedTables } from '../runs/speed.js';

/** `results` is the main table; the other scenarios stand beside it under their own names. */
export const speedJson = (tables: SpeedTables): string =>
  JSON.stringify(mapValues(tables, (table: SpeedTable) => mapValues(table, figuresJson)));

const figuresJson = (byGateway: FiguresByGateway): unknown =>
  mapValues(byGateway, ({ version, rps, p50Ms, p99Ms, cpuMsPerRequest, rssMb, subgraphRequestsPerOperation }) => ({
    version,
    rps: rounded(rps, 1),
    p50Ms: rounded(p50Ms, 3),
    p99Ms: rounded(p99Ms, 3),
    cpuMsPerRequest: rounded(cpuMsPerRequest, 4),
    rssMb: rounded(rssMb, 1),
    subgraphRequestsPerOperation,
  }));

const rounded = (number: number, digits: number): number => Number(number.toFixed(digits));

const mapValues = <Key extends string, From, To>(
  record: Partial<Record<Key, From>>,
  map: (value: From) => To,
): Record<string, To> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value as From)] as const));
