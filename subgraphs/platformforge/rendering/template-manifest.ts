import { plainText } from '@inevitable/kit';
import { z } from 'zod';
import { parametersSchema } from './parameters-schema.js';

const MOST_PARAMETERS = 50;
/** Choices of one parameter, and items of one default. */
const MOST_VALUES = 100;
/** The same of all parameters. */
const MOST_VALUES_IN_ALL = 1_000;
/** What a manifest may allow at most: all parameters together have 32 KB. */
const LONGEST_TEXT_EVER = 32_000;
/**
 * What the names of internal templates begin with, and no others. Were it not so, an upload that is refused because its
 * name is taken would tell a customer what templates the company has for itself.
 */
const INTERNAL_PREFIX = 'internal-';

/** Whether it is a template that exists in internal deployments only: the name says so. */
export const isInternalName = (name: string): boolean => name.startsWith(INTERNAL_PREFIX);

const shown = (max: number) => plainText({ min: 1, max, singleLine: true });
const words = { title: shown(100).optional(), description: shown(1_000).optional() };
const length = z.int().min(0).max(LONGEST_TEXT_EVER);
/** A value, which PostgreSQL has to hold. */
const text = z
  .string()
  .max(LONGEST_TEXT_EVER)
  .refine((value) => !value.includes('\0'), 'must not contain the NUL character')
  .refine((value) => value.isWellFormed(), 'must be well-formed Unicode');
/** A value that people pick from a list. */
const choice = text.refine(
  (value) => !/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(value),
  'must be without control characters and without marks that turn its direction',
);
const choices = <Value extends z.ZodType>(value: Value) =>
  z
    .array(value)
    .min(1, `must be 1 to ${MOST_VALUES} choices`)
    .max(MOST_VALUES, `must be 1 to ${MOST_VALUES} choices`)
    .optional();

/** A regular expression, as JSON Schema has it: found anywhere unless anchored. */
const pattern = z.string().max(1_000).refine(isPattern, 'is no regular expression');
/** A stranger's may run for ever. */
const noPattern = z.never({ error: 'is for templates of the stack alone' });

const stringRules = (allowedPattern: z.ZodType<string>) => ({
  enum: choices(choice),
  minLength: length.optional(),
  maxLength: length.optional(),
  pattern: allowedPattern.optional(),
});

const numberRules = <Value extends z.ZodType>(value: Value) => ({
  default: value.optional(),
  enum: choices(value),
  minimum: value.optional(),
  maximum: value.optional(),
});

const parameter = (allowedPattern: z.ZodType<string>) =>
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('string'), ...words, default: text.optional(), ...stringRules(allowedPattern) }),
    z.strictObject({ type: z.literal('integer'), ...words, ...numberRules(z.int()) }),
    z.strictObject({ type: z.literal('number'), ...words, ...numberRules(z.number()) }),
    z.strictObject({ type: z.literal('boolean'), ...words, default: z.boolean().optional() }),
    z.strictObject({
      type: z.literal('array'),
      ...words,
      default: z.array(text).max(MOST_VALUES, `must have at most ${MOST_VALUES} items`).optional(),
      items: z.strictObject({ type: z.literal('string'), ...words, ...stringRules(allowedPattern) }),
      maxItems: z.int().min(0).max(1_000).optional(),
    }),
  ]);
/** One parameter: a property of the schema. */
export type Parameter = z.output<ReturnType<typeof parameter>>;

/** JSON Schema 2020-12, as much of it as a form can show. */
const parameters = (allowedPattern: z.ZodType<string>) =>
  z
    .strictObject({
      $schema: z.literal('https://json-schema.org/draft/2020-12/schema').optional(),
      type: z.literal('object'),
      properties: z
        .record(
          z.string().refine(isParameterName, 'is no name of a parameter: a small letter, then letters, digits and _'),
          parameter(allowedPattern),
        )
        .refine((properties) => Object.keys(properties).length <= MOST_PARAMETERS, `are at most ${MOST_PARAMETERS}`)
        .refine(
          (properties) => valuesIn(properties) <= MOST_VALUES_IN_ALL,
          `have more than ${MOST_VALUES_IN_ALL} choices and default items, all together`,
        )
        .default({}),
      required: z.array(z.string()).default([]),
      additionalProperties: z.literal(false).default(false),
    })
    .superRefine(({ properties, required }, context) => {
      required.forEach((name, index) => {
        if (!Object.hasOwn(properties, name))
          context.addIssue({ code: 'custom', path: ['required', index], message: 'is no name of a property' });
      });
      for (const [name, { default: preset }] of Object.entries(properties)) {
        const message = preset === undefined ? null : misfit(name, properties[name]!, preset);
        if (message !== null) context.addIssue({ code: 'custom', path: ['properties', name, 'default'], message });
      }
    });

function valuesIn(properties: Readonly<Record<string, Parameter>>): number {
  let values = 0;
  for (const parameter of Object.values(properties)) {
    const rules = parameter.type === 'array' ? parameter.items : parameter;
    if ('enum' in rules) values += rules.enum?.length ?? 0;
    if (Array.isArray(parameter.default)) values += parameter.default.length;
  }
  return values;
}

function misfit(name: string, parameter: Parameter, preset: unknown): string | null {
  const alone = parametersSchema({ parameters: { properties: { [name]: parameter }, required: [] } });
  const fault = alone.safeParse({ [name]: preset }).error?.issues[0];
  return fault ? `does not fit: ${fault.message}` : null;
}

const name = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'has small letters, digits and single dashes only')
  .max(60);
const common = { title: shown(100), description: shown(500) };

/** `template.json` at the top of one of the stack's own templates. */
export const templateManifest = z
  .strictObject({
    name,
    ...common,
    parameters: parameters(pattern),
    /** The template exists in internal deployments only. */
    internal: z.boolean().optional(),
    /** What the paths of files begin with that are packed in internal deployments only. */
    internalFiles: z.array(z.string().min(1).max(200)).max(100).optional(),
  })
  .refine((manifest) => isInternalName(manifest.name) === (manifest.internal ?? false), {
    path: ['name'],
    error: `begins with "${INTERNAL_PREFIX}" where the template is internal, and only there`,
  });
export type TemplateManifest = z.output<typeof templateManifest>;

/** `template.json` of somebody's upload: nothing of it is internal, and it has no patterns. */
export const uploadedManifest = z.strictObject({
  name: name.refine(
    (wanted) => !isInternalName(wanted),
    `begins with "${INTERNAL_PREFIX}", as only templates of the stack may`,
  ),
  ...common,
  parameters: parameters(noPattern),
});

/** In words: where in the manifest, and what. */
export const manifestFault = ({ issues }: z.ZodError): string =>
  issues
    .slice(0, 3)
    .map((issue) => {
      const message = issue.code === 'invalid_key' ? issue.issues[0]!.message : issue.message;
      return issue.path.length === 0 ? message : `${issue.path.join('.')}: ${message}`;
    })
    .join('; ')
    .slice(0, 500);

/** Liquid reads it as `parameters.<name>`: no name that objects have anyway, nor one that liquid gives a meaning. */
function isParameterName(name: string): boolean {
  return /^[a-z][a-zA-Z0-9_]{0,39}$/.test(name) && !(name in Object.prototype) && !/^(size|first|last)$/.test(name);
}

function isPattern(source: string): boolean {
  try {
    new RegExp(source, 'u');
    return true;
  } catch {
    return false;
  }
}
