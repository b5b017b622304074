import { z } from 'zod';
import type { Parameter, TemplateManifest } from './template-manifest.js';

/** Code points of a text, unless the manifest says less or more. */
const LONGEST_TEXT = 1_000;
/** Of all parameters together, as JSON. */
const MOST_BYTES = 32 * 1024;

type ParametersAsked = { readonly parameters: Pick<TemplateManifest['parameters'], 'properties' | 'required'> };

/**
 * Reads parameters as a template's manifest asks for them, and fills in its defaults: what is left out and has none is
 * not there. An issue's path is the parameter's name, its message goes on after it.
 */
export function parametersSchema({
  parameters: { properties, required },
}: ParametersAsked): z.ZodType<Record<string, unknown>> {
  const asked = Object.entries(properties).map(
    ([name, parameter]) => [name, presence(parameter, required.includes(name))] as const,
  );
  // Name by name, and not `z.object`: zod compiles a function of an object's names, and these are a stranger's.
  return z
    .record(z.string(), z.unknown(), { error: 'must be an object of named values' })
    .transform((given, context) => {
      const refuse = (path: PropertyKey[], message: string): void =>
        context.addIssue({ code: 'custom', path, message });
      const unknown = Object.keys(given).find((name) => !Object.hasOwn(properties, name));
      if (unknown !== undefined) refuse([unknown.slice(0, 100)], 'is no parameter of this template');
      else if (Buffer.byteLength(JSON.stringify(given)) > MOST_BYTES)
        refuse([], `must not have more than ${MOST_BYTES} bytes as JSON`);
      const read: Record<string, unknown> = {};
      for (const [name, schema] of asked) {
        const parsed = schema.safeParse(given[name]);
        if (!parsed.success) for (const { path, message } of parsed.error.issues) refuse([name, ...path], message);
        else if (parsed.data !== undefined) read[name] = parsed.data;
      }
      return read;
    });
}

function presence(parameter: Parameter, required: boolean): z.ZodType {
  const value = valueOf(parameter);
  if (parameter.default !== undefined) return value.default(parameter.default);
  return required ? value : value.optional();
}

function valueOf(parameter: Parameter): z.ZodType {
  switch (parameter.type) {
    case 'string':
      return textOf(parameter);
    case 'integer':
      return within(z.int({ error: said('must be a whole number') }), parameter);
    case 'number':
      return within(z.number({ error: said('must be a number') }), parameter);
    case 'boolean':
      return z.boolean({ error: said('must be true or false') });
    case 'array': {
      const most = parameter.maxItems ?? 1_000;
      return z
        .array(textOf(parameter.items), { error: said('must be a list') })
        .max(most, `must have at most ${most} items`);
    }
  }
}

function textOf(rules: Omit<Extract<Parameter, { type: 'string' }>, 'default'>): z.ZodType<string> {
  const least = rules.minLength ?? 0;
  const most = rules.maxLength ?? LONGEST_TEXT;
  const pattern = rules.pattern === undefined ? null : new RegExp(rules.pattern, 'u');
  return z
    .string({ error: said('must be text') })
    .refine((text) => !text.includes('\0'), { error: 'must not contain the NUL character', abort: true })
    .refine((text) => text.isWellFormed(), { error: 'must be well-formed Unicode', abort: true })
    .refine((text) => isLengthWithin(text, least, most), {
      error: `must have ${least} to ${most} characters`,
      abort: true,
    })
    .refine((text) => isOneOf(rules.enum, text), { error: choices(rules.enum), abort: true })
    .refine((text) => pattern?.test(text) ?? true, `must match ${rules.pattern}`);
}

const within = (
  value: z.ZodType<number>,
  rules: Extract<Parameter, { type: 'integer' | 'number' }>,
): z.ZodType<number> =>
  value
    .refine((number) => number >= (rules.minimum ?? number), `must be at least ${rules.minimum}`)
    .refine((number) => number <= (rules.maximum ?? number), `must be at most ${rules.maximum}`)
    .refine((number) => isOneOf(rules.enum, number), choices(rules.enum));

/** JSON Schema counts code points. */
function isLengthWithin(text: string, least: number, most: number): boolean {
  if (text.length > most * 2) return false; // no need to count: a code point is at most two units
  const characters = [...text].length;
  return characters >= least && characters <= most;
}

const isOneOf = <Value>(choices: readonly Value[] | undefined, value: Value): boolean =>
  choices?.includes(value) ?? true;

const choices = (values: readonly unknown[] = []): string =>
  `must be one of ${values.map((value) => JSON.stringify(value)).join(', ')}`;

const said =
  (wrong: string) =>
  ({ input }: { input?: unknown }): string =>
    input === undefined ? 'is needed' : wrong;
