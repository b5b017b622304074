import { z } from 'zod';

export type LintLevel = 'off' | 'warn' | 'error';

/** A place in the schemas where a rule does not hold, and why. */
export interface LintException {
  readonly rule: string;
  /** A schema coordinate: `Type`, `Type.field`, `Type.field(argument:)`, or `Type.*` for all that is in a type. */
  readonly at: string;
  readonly reason: string;
  /** Of supergraph.yaml, from 1. */
  readonly line: number;
}

/** `lint:` of supergraph.yaml. Which rules there are is the linter's to know. */
export interface LintSettings {
  /** Rules that are stricter or less strict than by themselves, by name. */
  readonly rules: ReadonlyMap<string, { readonly level: LintLevel; readonly line: number }>;
  readonly ignore: readonly LintException[];
}

const COORDINATE = /^[_A-Za-z]\w*(\.(\*|[_A-Za-z]\w*(\([_A-Za-z]\w*:\))?))?$/;

/** `lint: { rules: { naming-convention: warn }, ignore: [{ rule: …, at: Type.field, reason: … }] }` */
export const lintKey = z
  .strictObject({
    rules: z.record(z.string(), z.enum(['off', 'warn', 'error'], 'must be off, warn or error')).default({}),
    ignore: z
      .array(
        z.strictObject({
          rule: z.string().min(1),
          at: z.string().regex(COORDINATE, 'must be a schema coordinate such as Type, Type.field or Type.*'),
          reason: z.string().refine((text) => text.trim() !== '', 'must say why the rule does not hold there'),
        }),
      )
      .default([]),
  })
  .default({ rules: {}, ignore: [] });

/** `lineOf` finds the line of a key below `lint`. */
export const lintSettings = (
  { rules, ignore }: z.infer<typeof lintKey>,
  lineOf: (path: readonly PropertyKey[]) => number,
): LintSettings => ({
  rules: new Map(Object.entries(rules).map(([name, level]) => [name, { level, line: lineOf(['rules', name]) }])),
  ignore: ignore.map((exception, index) => ({ ...exception, line: lineOf(['ignore', index]) })),
});
