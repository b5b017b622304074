import { z } from 'zod';
import type { Parameter, TemplateManifest } from './template-manifest.js';

/** Code points of a text, unless the manifest says less or more. */
const LONGEST_TEXT = 1_000;
/** Of all parameters together, as JSON. */
const MOST_BYTES = 32 * 1024;

type ParametersAsked = { readonly parameters: Pick<TemplateManifest['parameters'], 'properties' | 'required'> };
type TextRules = Omit<Extract<Parameter, { type: 'string' }>, 'type' | 'default' | 'title' | 'description'>;
type NumberRules = Extract<Parameter, { type: 'integer' | 'number' }>;

/** A value that does not fit: why, in words that go on after its name, and where in it. */
class Misfit {
  constructor(
    readonly message: string,
    readonly path: readonly PropertyKey[] = [],
  ) {}

  within(name: PropertyKey): Misfit {
    return new Misfit(this.message, [name, ...this.path]);
  }
}

/**
 * Reads parameters as a template's manifest asks for them, and fills in its defaults: what is left out and has none is
 * not there. An issue's path is the parameter's name, its message goes on after it.
 *
 * The manifest is followed, not compiled: most of one is never needed, and both it and what is given are a stranger's. What
 * it takes is bounded by what is given, nothing but a list of texts is looked into, and that no deeper than its items.
 */
export const parametersSchema = ({ parameters }: ParametersAsked): z.ZodType<Record<string, unknown>> =>
  z.unknown().transform((given, context) => {
    const read = isObject(given) ? readParameters(given, parameters) : new Misfit('must be an object of named values');
    if (!(read instanceof Misfit)) return read;
    context.addIssue({ code: 'custom', path: [...read.path], message: read.message });
    return z.NEVER;
  });

function readParameters(
  given: Readonly<Record<string, unknown>>,
  { properties, required }: ParametersAsked['parameters'],
): Record<string, unknown> | Misfit {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(properties, name));
  if (unknown !== undefined) return new Misfit('is no parameter of this template', [unknown.slice(0, 100)]);
  const asked: Record<string, unknown> = {};
  const read: Record<string, unknown> = {};
  for (const [name, parameter] of Object.entries(properties)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value !== undefined) {
      const wrong = misfitOf(value, parameter);
      if (wrong) return wrong.within(name);
      asked[name] = read[name] = value;
    } else if (parameter.default !== undefined) read[name] = parameter.default;
    else if (required.includes(name)) return new Misfit('is needed', [name]);
  }
  // Now that all of it is flat: as it came it could be nested so deeply that this would fail.
  const isTooMuch = Buffer.byteLength(JSON.stringify(asked)) > MOST_BYTES;
  return isTooMuch ? new Misfit(`must not have more than ${MOST_BYTES} bytes as JSON`) : read;
}

function misfitOf(value: unknown, parameter: Parameter): Misfit | null {
  switch (parameter.type) {
    case 'string':
      return textMisfit(value, parameter);
    case 'integer':
      return Number.isSafeInteger(value)
        ? numberMisfit(value as number, parameter)
        : new Misfit('must be a whole number');
    case 'number':
      return Number.isFinite(value) ? numberMisfit(value as number, parameter) : new Misfit('must be a number');
    case 'boolean':
      return typeof value === 'boolean' ? null : new Misfit('must be true or false');
    case 'array':
      return listMisfit(value, parameter);
  }
}

function listMisfit(value: unknown, { items, maxItems = 1_000 }: Extract<Parameter, { type: 'array' }>): Misfit | null {
  if (!Array.isArray(value)) return new Misfit('must be a list');
  if (value.length > maxItems) return new Misfit(`must have at most ${maxItems} items`);
  for (const [index, item] of value.entries()) {
    const wrong = textMisfit(item, items);
    if (wrong) return wrong.within(index);
  }
  return null;
}

function textMisfit(
  value: unknown,
  { minLength = 0, maxLength = LONGEST_TEXT, enum: choices, pattern }: TextRules,
): Misfit | null {
  if (typeof value !== 'string') return new Misfit('must be text');
  if (value.includes('\0')) return new Misfit('must not contain the NUL character');
  if (!value.isWellFormed()) return new Misfit('must be well-formed Unicode');
  if (!isLengthWithin(value, minLength, maxLength))
    return new Misfit(`must have ${minLength} to ${maxLength} characters`);
  if (choices && !choices.includes(value)) return noChoice(choices);
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(value)) return new Misfit(`must match ${pattern}`);
  return null;
}

function numberMisfit(value: number, { minimum, maximum, enum: choices }: NumberRules): Misfit | null {
  if (minimum !== undefined && value < minimum) return new Misfit(`must be at least ${minimum}`);
  if (maximum !== undefined && value > maximum) return new Misfit(`must be at most ${maximum}`);
  return choices && !choices.includes(value) ? noChoice(choices) : null;
}

/** JSON Schema counts code points. */
function isLengthWithin(text: string, least: number, most: number): boolean {
  if (text.length > most * 2) return false; // no need to count: a code point is at most two units
  const characters = [...text].length;
  return characters >= least && characters <= most;
}

const noChoice = (choices: readonly unknown[]): Misfit =>
  new Misfit(`must be one of ${choices.map((value) => JSON.stringify(value)).join(', ')}`);

const isObject = (given: unknown): given is Readonly<Record<string, unknown>> =>
  typeof given === 'object' && given !== null && !Array.isArray(given);
