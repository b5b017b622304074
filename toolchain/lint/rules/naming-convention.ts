import { inWords, isDefinition, type SchemaPart } from '../linted-graph.js';
import type { LintRule } from '../lint-rule.js';

interface Convention {
  readonly called: string;
  readonly fits: RegExp;
  readonly of: (words: readonly string[]) => string;
}

const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);
const PASCAL: Convention = {
  called: 'PascalCase',
  fits: /^[A-Z][A-Za-z0-9]*$/,
  of: (words) => words.map(capital).join(''),
};
const CAMEL: Convention = {
  called: 'camelCase',
  fits: /^[a-z][A-Za-z0-9]*$/,
  of: ([first = '', ...others]) => first.toLowerCase() + others.map(capital).join(''),
};
const SCREAMING: Convention = {
  called: 'SCREAMING_SNAKE_CASE',
  fits: /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/,
  of: (words) => words.join('_').toUpperCase(),
};

export const namingConvention: LintRule = {
  name: 'naming-convention',
  says: 'Types are in PascalCase, fields and arguments in camelCase, enum values in SCREAMING_SNAKE_CASE.',
  reason: 'Products are read together in one schema, and generated code makes names of these.',
  severity: 'error',
  *find({ parts }) {
    for (const part of parts) {
      if (part.kind === 'type' && (!isDefinition(part) || part.root !== null)) continue;
      const convention = conventionOf(part);
      const name = part.node.name.value;
      if (convention.fits.test(name)) continue;
      yield {
        part,
        message: `${inWords(part)} is not in ${convention.called}.`,
        repair: `Call it \`${convention.of(wordsIn(name))}\`; keep the old name as deprecated while clients use it.`,
      };
    }
  },
};

function conventionOf({ kind }: SchemaPart): Convention {
  if (kind === 'type') return PASCAL;
  return kind === 'enumValue' ? SCREAMING : CAMEL;
}

/** Of `user_id`, `UserId` and `USER_ID`: `user`, `id`, in the capitals they came in where those belong to the word. */
const wordsIn = (name: string): readonly string[] =>
  name
    .split(/_+|(?<=[a-z0-9])(?=[A-Z])/)
    .filter((word) => word !== '')
    .map((word) => (/^[A-Z0-9]+$/.test(word) ? word.toLowerCase() : word));
