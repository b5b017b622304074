import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Cron } from 'croner';
import fc from 'fast-check';
import { parse as parseGraph } from 'graphql';
import { parse } from 'yaml';
import { parametersSchema } from '../../../subgraphs/platformforge/rendering/parameters-schema.js';
import { renderFiles } from '../../../subgraphs/platformforge/rendering/render-files.js';
import { stackTemplates } from '../../../subgraphs/platformforge/rendering/stack-templates.js';
import type { Parameter, TemplateManifest } from '../../../subgraphs/platformforge/rendering/template-manifest.js';
import { HOSTILE_NAME } from './generated-platform.js';

type Values = Readonly<Record<string, unknown>>;

/** Whatever a manifest says that it takes: each of its parameters, or some of them. */
function parametersOf({ parameters }: TemplateManifest): fc.Arbitrary<Values> {
  const schema = parametersSchema({ parameters });
  const arbitraries = Object.entries(parameters.properties).map(([name, parameter]) => [
    name,
    valuesOf(parameter).filter((value) => schema.safeParse({ [name]: value }).success),
  ]);
  return fc.record(Object.fromEntries(arbitraries) as Record<string, fc.Arbitrary<unknown>>, { requiredKeys: [] });
}

function valuesOf(parameter: Parameter): fc.Arbitrary<unknown> {
  switch (parameter.type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({ min: parameter.minimum ?? -1_000, max: parameter.maximum ?? 1_000 });
    case 'number':
      return fc.double({ min: parameter.minimum ?? -1_000, max: parameter.maximum ?? 1_000, noNaN: true });
    case 'array':
      return fc.array(textsOf(parameter.items), { maxLength: Math.min(parameter.maxItems ?? 5, 5) });
    case 'string':
      return textsOf(parameter);
  }
}

type TextRules = Extract<Parameter, { type: 'array' }>['items'];

function textsOf({ enum: choices, pattern, minLength = 0, maxLength = 100 }: TextRules): fc.Arbitrary<string> {
  if (choices) return fc.constantFrom(...choices);
  // What a pattern excludes is left to the schema: fast-check has no look-ahead.
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern.replace(/\(\?!.*?\$\)/g, ''), 'u'));
  return fc.string({ unit: 'grapheme', minLength, maxLength });
}

const slugs = fc.stringMatching(/^[a-z0-9]{1,20}(-[a-z0-9]{1,10}){0,3}$/);
const templates = await stackTemplates();
const supergraph = parse(await readFile('supergraph.yaml', 'utf8')) as {
  readonly subgraphs: Readonly<Record<string, { readonly schema: { readonly file: string } }>>;
  readonly products: object;
};
/** What the packages of this stack are called behind `@inevitable/`. */
const packages = await Promise.all(
  (JSON.parse(await readFile('package.json', 'utf8')) as { workspaces: string[] }).workspaces.map(async (folder) => {
    const { name } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { name: string };
    return name.replace('@inevitable/', '');
  }),
);

/** What a template makes of parameters that fit, by path below the platform's folder. */
function rendered(template: string, slug: string, given: Values): Readonly<Record<string, string>> {
  const content = templates.get(template)!;
  const parameters = parametersSchema(content.manifest).parse(given);
  const files = renderFiles({
    content,
    platform: { name: HOSTILE_NAME, slug },
    parameters,
    deployment: 'internal',
  });
  return Object.fromEntries(
    files.map(({ path, bytes }) => [path.slice(slug.length + 1), Buffer.from(bytes).toString()]),
  );
}

describe.each([...templates])('The template "%s"', (name, { manifest }) => {
  it('is rendered, with JSON that can be read, whatever fits its parameters', () => {
    fc.assert(
      fc.property(parametersOf(manifest), slugs, (parameters, slug) => {
        const files = rendered(name, slug, parameters);
        for (const [path, text] of Object.entries(files)) if (path.endsWith('.json')) JSON.parse(text);
      }),
      { numRuns: 40 },
    );
  });
});

describe('The template "graphql-subgraph"', () => {
  const { manifest, files } = templates.get('graphql-subgraph')!;
  /** The name of the product in its declaration, which all else must agree with. */
  const productOf = (slug: string, given: Values = {}): string => {
    const made = rendered('graphql-subgraph', slug, given);
    const name = /^ {2}name: '(.*)',$/m.exec(made['subgraph.ts']!)![1]!;
    expect(made['database.ts']).toContain(`product: '${name}'`);
    expect(JSON.parse(made['package.json']!)).toMatchObject({ name: `@inevitable/${name}` });
    expect(made['README.md']).toContain(`module: '@inevitable/${name}'\n    path_prefix: /${name}\n`);
    return name;
  };
  const beginningsOf = (pattern: RegExp): string[][] =>
    files.flatMap(({ bytes }) => {
      const text = Buffer.from(bytes).toString();
      return text.includes('assign product') ? [text.split('\n').filter((line) => pattern.test(line))] : [];
    });
  const [[taken]] = beginningsOf(/assign taken/) as [[string]];
  const refused = /"(.*?)"/.exec(taken)![1]!.split(' ');
  const fits = (product: string) => parametersSchema(manifest).safeParse({ product }).success;

  it('makes the product of the slug, and says the same in every file', () => {
    const [first, ...others] = beginningsOf(/assign (product|taken)/);
    for (const other of others) expect(other).toEqual(first);
    expect(productOf('acme-planner')).toBe('acmeplanner');
    expect(productOf('2nd-shop')).toBe('ndshop');
    expect(productOf('select')).toBe('select');
    expect(productOf('123')).toBe('product');
    expect(productOf('starter', { product: 'reports' })).toBe('reports');
    expect(productOf('a'.repeat(60))).toBe('a'.repeat(40));
  });

  it('gives no product the name of one that the stack has, of its packages or paths, whatever the platform is called', () => {
    const ours = [...Object.keys(supergraph.products), ...packages];
    expect(refused).toEqual(expect.arrayContaining(ours));
    for (const name of refused) {
      expect([name, productOf(name)]).toEqual([name, `${name}product`]);
      expect([name, fits(name), fits(`${name}x`)]).toEqual([name, false, true]);
    }
    expect(productOf('platform-forge')).toBe('platformforgeproduct');
    const beside = fc.tuple(fc.constantFrom('', '1', '-', '7-'), fc.constantFrom(...refused), fc.constantFrom('', '-'));
    fc.assert(
      fc.property(
        fc.oneof(
          slugs,
          beside.map((parts) => parts.join('')),
        ),
        (slug) => {
          expect(refused).not.toContain(productOf(slug));
          expect(fits(productOf(slug))).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  /** `Query.note`, and `Note` of a type that is the product's own. */
  const namesIn = (schema: string): string[] =>
    parseGraph(schema).definitions.flatMap((definition) => {
      if (!('name' in definition) || !definition.name) return [];
      const name = definition.name.value;
      const isShared = ['Query', 'Mutation', 'Subscription', 'User', 'Tenant'].includes(name);
      if (!isShared) return [name];
      const fields = 'fields' in definition ? (definition.fields ?? []) : [];
      return fields.map((field) => `${name}.${field.name.value}`).filter((field) => !/^(User|Tenant)\.id$/.test(field));
    });

  it('takes no object that another product of the stack has, or a list of it, whatever the two are called', async () => {
    const schemas = Object.values(supergraph.subgraphs).map(({ schema }) => readFile(schema.file, 'utf8'));
    const ours = (await Promise.all(schemas)).flatMap(namesIn);
    const words = ours.map((name) => {
      const word = name.replace(/^.*\./, '').replace(/^create|^Create|Changed$|Input$|Connection$|Edge$/g, '');
      return word.charAt(0).toUpperCase() + word.slice(1);
    });
    const candidates = [...new Set([...words, ...words.map((word) => word.replace(/s$/, '')), 'Series', 'Category'])];
    const fit = (field: string) => [
      ...candidates.filter((value) => parametersSchema(manifest).safeParse({ [field]: value }).success),
    ];
    const either = fc.record(
      { entity: fc.constantFrom(...fit('entity')), plural: fc.constantFrom(...fit('plural')) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(either, (parameters) => {
        const names = namesIn(rendered('graphql-subgraph', 'shop', parameters)['schema.graphql']!);
        expect(names.filter((name, at) => ours.includes(name) || names.indexOf(name) !== at)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('makes a table of an object whose plural is a word of SQL', () => {
    const made = rendered('graphql-subgraph', 'shop', { entity: 'Reference' });
    expect(made['prisma/migrations/20261201090000_first/migration.sql']).toContain('CREATE TABLE "references" (');
  });
});

describe('The template "worker"', () => {
  const { manifest } = templates.get('worker')!;
  const schema = parametersSchema(manifest);

  it('takes no schedule and no time zone that its worker would not start with', () => {
    fc.assert(
      fc.property(parametersOf(manifest), (given) => {
        const { schedule, timezone } = schema.parse(given) as { schedule: string; timezone: string };
        expect(new Cron(schedule, { timezone, paused: true }).nextRun()).not.toBeNull();
      }),
      { numRuns: 500 },
    );
    const { timezone } = manifest.parameters.properties;
    for (const zone of (timezone as Extract<Parameter, { type: 'string' }>).enum!)
      expect(new Cron('0 4 * * *', { timezone: zone, paused: true }).nextRun()).not.toBeNull();
  });

  it.each([
    '* * * * *',
    '*/5 * * * *',
    '30 */15 4 * * 1-5',
    '0 9,13,17 * * 1,3,5',
    '59 23 28 12 7',
    '05 08 1,15 */3 *',
  ])('takes the schedule "%s"', (schedule) => {
    expect(schema.safeParse({ schedule }).success).toBe(true);
  });

  it.each([
    '99 99 99 99 99',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '0 0 31 2 *', // never comes
    '* * * 13 *',
    '* * * * 8',
    '* * * * 5-1',
    '*/0 * * * *',
    '*/60 * * * *',
    '* * * *',
    '* * * * * * *',
    'at noon',
    "0 0 1 1 *'",
  ])('refuses the schedule "%s"', (schedule) => {
    expect(schema.safeParse({ schedule }).success).toBe(false);
  });

  it.each(['Foo/Bar', '', 'utc ', "UTC'", 'Middle/Earth'])('refuses the time zone "%s"', (timezone) => {
    expect(schema.safeParse({ timezone }).success).toBe(false);
  });
});
