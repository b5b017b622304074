import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse } from 'graphql';
import { pino } from 'pino';
import type { AuthenticatedOperation } from '../pipeline/authenticate.js';
import { contextFor } from '../test-support/test-subgraphs.js';
import { unlistedDocuments } from './unlisted-documents.js';

const HOUR_MS = 3_600_000;
const schema = buildSchema('type Query { a: Int }');
const tenant = { id: '01890000-0000-7000-8000-00000000acfe', plan: 'pro', entitlementsDigest: '' } as never;

describe('The log of documents that are not listed', () => {
  it('is bounded: a flood of nobody’s leaves room for tenants’, and each is told once an hour', () => {
    const lines: string[] = [];
    let now = 10 * HOUR_MS;
    const tell = unlistedDocuments(pino({}, { write: (line: string) => void lines.push(line) }), () => now);
    const send = (name: string, isOfTenant: boolean) => {
      const source = `query ${name} { a }`;
      const context = contextFor({ tenant: isOfTenant ? tenant : null });
      const found = { document: parse(source), source, hash: name, operations: new Map() };
      tell(
        found,
        'text',
        { received: { header: () => undefined }, context } as never as AuthenticatedOperation,
        schema,
      );
    };
    const flood = (prefix: string, isOfTenant: boolean) => {
      for (let n = 0; n < 2_000; n++) send(`${prefix}${n}`, isOfTenant);
    };
    flood('nobody', false);
    expect(lines).toHaveLength(200);
    send('acme', true);
    send('acme', true);
    expect(lines).toHaveLength(201);
    flood('acme', true);
    expect(lines).toHaveLength(1_000);
    now += HOUR_MS;
    send('acme', true);
    expect(lines).toHaveLength(1_001);
  });
});
