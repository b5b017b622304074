import { z } from 'zod';
import { parametersSchema } from './parameters-schema.js';

const MOST_PARAMETERS = 50;
/** What a manifest may allow at most: all parameters together have 32 KB. */
const LONGEST_TEXT_EVER = 32_000;

const words = { title: z.string().min(1).max(100).optional(), description: z.string().min(1).max(1_000).optional() };
const length = z.int().min(0).max(LONGEST_TEXT_EVER);
const text = z.string().max(LONGEST_TEXT_EVER);

/** A regular expression, as JSON Schema has it: found anywhere unless anchored. */
const pattern = z.string().max(1_000).refine(isPattern, 'is no regular expression');
/** A stranger's may run for ever. */
const noPattern = z.never({ error: 'is for templates of the stack alone' });

const stringRules = (allowedPattern: z.ZodType<string>) => ({
  enum: z.array(text).min(1).max(100).optional(),
  minLength: length.optional(),
  maxLength: length.optional(),
  pattern: allowedPattern.optional(),
});

const numberRules = <Value extends z.ZodType>(value: Value) => ({
  default: value.optional(),
  enum: z.array(value).min(1).max(100).optional(),
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
      default: z.array(text).max(1_000).optional(),
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

function misfit(name: string, parameter: Parameter, preset: unknown): string | null {
  const alone = parametersSchema({ parameters: { properties: { [name]: parameter }, required: [] } });
  const fault = alone.safeParse({ [name]: preset }).error?.issues[0];
  return fault ? `does not fit: ${fault.message}` : null;
}

const common = {
  name: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'has small letters, digits and single dashes only')
    .max(60),
  title: z.string().min(1).max(100),
  description: z.string().min(1).max(500),
};

/** `template.json` at the top of one of the stack's own templates. */
export const templateManifest = z.strictObject({
  ...common,
  parameters: parameters(pattern),
  /** The template exists in internal deployments only. */
  internal: z.boolean().optional(),
  /** What the paths of files begin with that are packed in internal deployments only. */
  internalFiles: z.array(z.string().min(1).max(200)).max(100).optional(),
});
export type TemplateManifest = z.output<typeof templateManifest>;

/** `template.json` of somebody's upload: nothing of it is internal, and it has no patterns. */
export const uploadedManifest = z.strictObject({ ...common, parameters: parameters(noPattern) });

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
