import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { manifestFault, templateManifest, uploadedManifest } from './template-manifest.js';
import { MANIFEST } from './testing/made-template.js';

const faultOf = (schema: z.ZodType, manifest: object): string | null => {
  const parsed = schema.safeParse({ ...MANIFEST, ...manifest });
  return parsed.success ? null : manifestFault(parsed.error);
};
const withProperties = (properties: object, more: object = {}) => ({
  parameters: { type: 'object', properties, additionalProperties: false, ...more },
});

describe('A manifest', () => {
  it('has what a form needs, and nothing is needed but names', () => {
    expect(templateManifest.parse({ ...MANIFEST, parameters: { type: 'object' } })).toEqual(MANIFEST);
    expect(
      faultOf(
        uploadedManifest,
        withProperties(
          {
            port: {
              type: 'integer',
              title: 'Port',
              description: 'Where it listens.',
              default: 80,
              minimum: 1,
              maximum: 9_999,
            },
            ratio: { type: 'number', enum: [0.5, 1] },
            on: { type: 'boolean', default: false },
            text: { type: 'string', minLength: 1, maxLength: 10, enum: ['a', 'b'], default: 'b' },
            list: { type: 'array', items: { type: 'string', maxLength: 3 }, maxItems: 3, default: ['a'] },
          },
          { required: ['port'], $schema: 'https://json-schema.org/draft/2020-12/schema' },
        ),
      ),
    ).toBeNull();
  });

  it.each<[object, string]>([
    [{ name: 'Bad Name' }, 'name: has small letters, digits and single dashes only'],
    [{ title: '' }, 'title: must have 1 to 100 characters'],
    [{ title: 'a\0' }, 'title: must not contain the NUL character'],
    [{ title: '\u202etxt' }, 'title: must be one line, without control characters'],
    [{ description: '\ud800' }, 'description: must be well-formed Unicode'],
    [{ description: 'two\nlines' }, 'description: must be one line'],
    [{ title: '\u200b' }, 'title: must have characters that can be seen'],
    [{ extra: 1 }, 'Unrecognized key: "extra"'],
    [{ parameters: { type: 'array' } }, 'parameters.type: Invalid input: expected "object"'],
    [
      withProperties({}, { additionalProperties: true }),
      'parameters.additionalProperties: Invalid input: expected false',
    ],
    [withProperties({}, { required: ['x'] }), 'parameters.required.0: is no name of a property'],
    [
      withProperties({ 'a-b': { type: 'string' } }),
      'parameters.properties.a-b: is no name of a parameter: a small letter, then letters, digits and _',
    ],
    [
      withProperties({ constructor: { type: 'string' } }),
      'parameters.properties.constructor: is no name of a parameter',
    ],
    [withProperties({ a: { type: 'object' } }), 'parameters.properties.a.type: Invalid'],
    [withProperties({ a: { type: 'string', format: 'uri' } }), 'parameters.properties.a: Unrecognized key: "format"'],
    [withProperties({ a: { $ref: '#' } }), 'parameters.properties.a.type: Invalid'],
    [
      withProperties({ a: { type: 'integer', default: 5, maximum: 4 } }),
      'parameters.properties.a.default: does not fit: must be at most 4',
    ],
    [
      withProperties({ a: { type: 'string', default: 'abc', maxLength: 2 } }),
      'parameters.properties.a.default: does not fit: must have 0 to 2 characters',
    ],
    [
      withProperties({ a: { type: 'array', items: { type: 'array', items: { type: 'string' } } } }),
      'parameters.properties.a.items.type: Invalid',
    ],
    [
      withProperties(Object.fromEntries([...Array(51).keys()].map((n) => [`p${n}`, { type: 'string' }]))),
      'parameters.properties: are at most 50',
    ],
    [withProperties({ a: { type: 'string', title: '\u0007' } }), 'parameters.properties.a.title: must be one line'],
    [
      withProperties({ a: { type: 'array', items: { type: 'string', description: '\u2066' } } }),
      'parameters.properties.a.items.description: must be one line',
    ],
    [
      withProperties({ a: { type: 'string', enum: ['b', 'a\0'] } }),
      'parameters.properties.a.enum.1: must not contain the NUL character',
    ],
    [
      withProperties({ a: { type: 'string', enum: ['\u202e'] } }),
      'parameters.properties.a.enum.0: must be without control characters and without marks that turn its direction',
    ],
    [
      withProperties({ a: { type: 'string', default: '\udfff' } }),
      'parameters.properties.a.default: must be well-formed Unicode',
    ],
    [
      withProperties({ a: { type: 'array', items: { type: 'string' }, default: ['\0'] } }),
      'parameters.properties.a.default.0: must not contain the NUL character',
    ],
    [
      withProperties({ a: { type: 'string', enum: Array(101).fill('x') } }),
      'parameters.properties.a.enum: must be 1 to 100 choices',
    ],
    [
      withProperties({ a: { type: 'array', items: { type: 'string' }, default: Array(101).fill('x') } }),
      'parameters.properties.a.default: must have at most 100 items',
    ],
    [
      withProperties(
        Object.fromEntries(
          [...Array(11).keys()].map((n) => [`p${n}`, { type: 'integer', enum: [...Array(100).keys()] }]),
        ),
      ),
      'parameters.properties: have more than 1000 choices and default items, all together',
    ],
  ])('is refused with the place and the reason: %j', (manifest, fault) => {
    expect(faultOf(templateManifest, manifest)).toContain(fault);
    expect(faultOf(uploadedManifest, manifest)).toContain(fault);
  });

  it('of the stack may hide what is internal and have patterns; an upload may not', () => {
    const pattern = withProperties({ a: { type: 'string', pattern: '^[a-z]+$' } });
    const patternInList = withProperties({ a: { type: 'array', items: { type: 'string', pattern: 'x' } } });
    const internal = { name: 'internal-greeting', internal: true };
    for (const manifest of [internal, { internalFiles: ['seeds/'] }, pattern, patternInList])
      expect(faultOf(templateManifest, manifest)).toBeNull();
    expect(faultOf(uploadedManifest, { internal: true })).toBe('Unrecognized key: "internal"');
    expect(faultOf(uploadedManifest, { internalFiles: ['seeds/'] })).toBe('Unrecognized key: "internalFiles"');
    expect(faultOf(uploadedManifest, pattern)).toBe(
      'parameters.properties.a.pattern: is for templates of the stack alone',
    );
    expect(faultOf(uploadedManifest, patternInList)).toBe(
      'parameters.properties.a.items.pattern: is for templates of the stack alone',
    );
    const broken = withProperties({ a: { type: 'string', pattern: '(' } });
    expect(faultOf(templateManifest, broken)).toBe('parameters.properties.a.pattern: is no regular expression');
  });

  it('is internal where its name begins so, and nobody else may have such a name, whether it is taken or not', () => {
    const places = 'name: begins with "internal-" where the template is internal, and only there';
    expect(faultOf(templateManifest, { internal: true })).toBe(places);
    expect(faultOf(templateManifest, { name: 'internal-tools' })).toBe(places);
    for (const name of ['internal-probe', 'internal-nobody-knows'])
      expect(faultOf(uploadedManifest, { name })).toBe(
        'name: begins with "internal-", as only templates of the stack may',
      );
    expect(faultOf(uploadedManifest, { name: 'internal' })).toBeNull();
  });

  it("of an upload is never asked a stranger's regular expression", () => {
    // The pattern would run for ages on the default, were it tried.
    const slow = withProperties({ a: { type: 'string', pattern: '^(a+)+$', default: `${'a'.repeat(40)}!` } });
    expect(faultOf(uploadedManifest, slow)).toBe(
      'parameters.properties.a.pattern: is for templates of the stack alone',
    );
  });
});
