import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parametersSchema } from './parameters-schema.js';
import { templateManifest, type TemplateManifest } from './template-manifest.js';
import { MANIFEST } from './testing/made-template.js';

const manifestWith = (properties: object, required: readonly string[] = []): TemplateManifest =>
  templateManifest.parse({ ...MANIFEST, parameters: { type: 'object', properties, required } });

const service = manifestWith(
  {
    port: { type: 'integer', default: 8080, minimum: 1, maximum: 65_535 },
    ratio: { type: 'number', minimum: 0 },
    colour: { type: 'string', enum: ['red', 'green'] },
    title: { type: 'string', minLength: 1, maxLength: 5 },
    entity: { type: 'string', default: 'Item', pattern: '^[A-Z][a-z]+$' },
    docker: { type: 'boolean', default: true },
    tags: { type: 'array', items: { type: 'string', maxLength: 3 }, maxItems: 2 },
    notes: { type: 'string' },
  },
  ['colour'],
);

function read(manifest: TemplateManifest, given: unknown): unknown {
  const parsed = parametersSchema(manifest).safeParse(given);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  return [path.join('.'), message];
}

describe('Parameters', () => {
  it('are read as given, and filled with the defaults of the template; what has none is not there', () => {
    const defaults = { port: 8080, entity: 'Item', docker: true };
    expect(read(service, { colour: 'red' })).toEqual({ ...defaults, colour: 'red' });
    const all = {
      port: 1,
      ratio: 0.5,
      colour: 'green',
      title: '☃☃☃😀😀',
      entity: 'Task',
      docker: false,
      tags: ['a', 'abc'],
    };
    expect(read(service, all)).toEqual(all);
  });

  it.each<[unknown, string, string]>([
    [undefined, '', 'must be an object of named values'],
    [[], '', 'must be an object of named values'],
    ['x', '', 'must be an object of named values'],
    [{}, 'colour', 'is needed'],
    [{ colour: 'blue' }, 'colour', 'must be one of "red", "green"'],
    [{ colour: null }, 'colour', 'must be text'],
    [{ colour: 'red', port: '80' }, 'port', 'must be a whole number'],
    [{ colour: 'red', port: 0 }, 'port', 'must be at least 1'],
    [{ colour: 'red', port: 65_536 }, 'port', 'must be at most 65535'],
    [{ colour: 'red', port: 1.5 }, 'port', 'must be a whole number'],
    [{ colour: 'red', port: 2 ** 53 }, 'port', 'must be a whole number'],
    [{ colour: 'red', ratio: Number.NaN }, 'ratio', 'must be a number'],
    [{ colour: 'red', ratio: Number.POSITIVE_INFINITY }, 'ratio', 'must be a number'],
    [{ colour: 'red', title: '' }, 'title', 'must have 1 to 5 characters'],
    [{ colour: 'red', title: '123456' }, 'title', 'must have 1 to 5 characters'],
    [{ colour: 'red', title: 'a\0' }, 'title', 'must not contain the NUL character'],
    [{ colour: 'red', title: '\ud800' }, 'title', 'must be well-formed Unicode'],
    [{ colour: 'red', entity: 'task' }, 'entity', 'must match ^[A-Z][a-z]+$'],
    [{ colour: 'red', docker: 1 }, 'docker', 'must be true or false'],
    [{ colour: 'red', tags: 'a' }, 'tags', 'must be a list'],
    [{ colour: 'red', tags: ['a', 'abcd'] }, 'tags.1', 'must have 0 to 3 characters'],
    [{ colour: 'red', tags: ['a', 'b', 'c'] }, 'tags', 'must have at most 2 items'],
    [{ colour: 'red', notes: 'x'.repeat(1_001) }, 'notes', 'must have 0 to 1000 characters'],
    [{ colour: 'red', Port: 1 }, 'Port', 'is no parameter of this template'],
    [JSON.parse('{ "colour": "red", "constructor": 1 }'), 'constructor', 'is no parameter of this template'],
    [JSON.parse('{ "colour": "red", "__proto__": { "port": 1 } }'), '__proto__', 'is no parameter of this template'],
    [{ colour: 'red', tags: [['a']] }, 'tags.0', 'must be text'],
  ])('that do not fit are refused: %j (%s %s)', (given, field, message) => {
    expect(read(service, given)).toEqual([field, message]);
  });

  it('have 32 KB at most, all together', () => {
    const texts = manifestWith({ a: { type: 'string', maxLength: 20_000 }, b: { type: 'string', maxLength: 20_000 } });
    expect(read(texts, { a: 'x'.repeat(16_000), b: 'x'.repeat(16_000) })).toMatchObject({ a: expect.any(String) });
    expect(read(texts, { a: 'x'.repeat(16_000), b: 'x'.repeat(17_000) })).toEqual([
      '',
      'must not have more than 32768 bytes as JSON',
    ]);
  });

  it('are read however deeply they are nested: nothing but a list of texts is looked into', () => {
    const deep = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) as unknown;
    expect(read(service, deep)).toEqual(['', 'must be an object of named values']);
    expect(read(service, { deep })).toEqual(['deep', 'is no parameter of this template']);
    expect(read(service, { colour: deep })).toEqual(['colour', 'must be text']);
    expect(read(service, { colour: 'red', tags: deep })).toEqual(['tags.0', 'must be text']);
  });

  it('of names the template does not know are refused by the first of them, and no value is looked at', () => {
    let looked = 0;
    const many = new Proxy(Object.fromEntries([...Array(60_000).keys()].map((n) => [`k${n}`, n])), {
      get(target, name) {
        looked += 1;
        return Reflect.get(target, name) as unknown;
      },
    });
    expect(read(service, many)).toEqual(['k0', 'is no parameter of this template']);
    expect(looked).toBe(0);
  });

  it('cost what is given, not what a manifest lists: neither its choices nor its defaults are read without need', () => {
    let looked = 0;
    const choices = new Proxy([...Array(100).keys()].map(String), {
      get(target, name) {
        looked += 1;
        return Reflect.get(target, name) as unknown;
      },
    });
    const list = { type: 'array', default: choices, items: { type: 'string', enum: choices } } as const;
    const manifest: Pick<TemplateManifest, 'parameters'> = {
      parameters: {
        type: 'object',
        properties: Object.fromEntries([...Array(50).keys()].map((n) => [`p${n}`, list])),
        required: [],
        additionalProperties: false,
      },
    };
    expect(Object.keys(parametersSchema(manifest).parse({}))).toHaveLength(50);
    expect(looked).toBe(0);
    expect(parametersSchema(manifest).parse({ p7: ['3'] })).toMatchObject({ p7: ['3'] });
    expect(looked).toBeLessThan(20);
  });

  it('are what the template asks for or refused, whatever is given, and nothing of anybody is changed', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), fc.object({ key: fc.constantFrom('port', 'colour', '__proto__', 'tags') })),
        (given) => {
          const parsed = parametersSchema(service).safeParse(given);
          if (parsed.success) expect(read(service, parsed.data)).toEqual(parsed.data);
          expect(Object.keys(Object.prototype)).toEqual([]);
        },
      ),
    );
  });
});
