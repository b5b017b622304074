import { SHARED_NAMES } from '@inevitable/kit/host';
import { Kind } from 'graphql';
import { inWords } from '../linted-graph.js';
import type { LintRule } from '../lint-rule.js';

/** What others call the shared ones, in small letters and without anything between. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    DateTime: ['datetime', 'timestamp', 'isodatetime', 'datetimeiso', 'isodate', 'instant', 'time', 'date'],
    JSON: ['json', 'jsonobject', 'jsonvalue', 'any', 'object', 'map'],
    EmailAddress: ['emailaddress', 'email', 'mail'],
    URL: ['url', 'uri', 'link', 'href'],
    Decimal: ['decimal', 'bigdecimal', 'numeric', 'number', 'money'],
  }).flatMap(([shared, names]) => names.map((name) => [name, shared] as const)),
);

export const sharedScalars: LintRule = {
  name: 'shared-scalars',
  says: 'Scalars are those of the kit: DateTime, JSON, EmailAddress, URL, Decimal.',
  reason: 'A client writes one codec for each scalar: a second DateTime is a second format.',
  severity: 'error',
  *find({ parts }) {
    for (const part of parts) {
      if (part.kind !== 'type' || part.node.kind !== Kind.SCALAR_TYPE_DEFINITION || SHARED_NAMES.has(part.typeName))
        continue;
      const shared = OTHER_NAMES.get(part.typeName.replaceAll('_', '').toLowerCase());
      yield {
        part,
        message: `${inWords(part)} is a scalar of its own${shared ? `, beside the shared \`${shared}\`` : ''}.`,
        repair: shared
          ? `Use \`${shared}\`.`
          : 'Use `String` with its format in the description, or one of the shared scalars.',
      };
    }
  },
};
