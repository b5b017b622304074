import {
  CaptureTag,
  Context,
  Liquid,
  LiquidError,
  toValue,
  toValueSync,
  type Emitter,
  type FilterImplOptions,
  type Template,
} from 'liquidjs';
import { TemplateFailed } from './template-failed.js';
import { camelCase, kebabCase, pascalCase, safeJson, snakeCase } from './text-filters.js';

/** Characters of one file, as the template has it. */
const LONGEST_TEMPLATE = 1024 * 1024;
/**
 * What one file may make of values, counted in characters and list items, whether or not it keeps them. Far less than a
 * thread has, because a process ends where V8 cannot get room for one big string.
 */
const MOST_VALUES = 2_000_000;

/** What a template can name. */
export interface TemplateVariables {
  readonly platform: { readonly name: string; readonly slug: string };
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly deployment: string;
}

/** Outputs and tags of one file: the time liquid takes to read them grows with the square of their number. */
const MOST_TAGS = 10_000;
/** What reading an output or a tag is worth, in steps of rendering it. */
const STEPS_TO_READ = 10;

/** How much may still come out, and be done for it. */
export interface RenderBounds {
  /** Bytes in UTF-8. */
  readonly mostBytes: number;
  readonly steps: BoundedSteps;
}

/**
 * What liquid does, counted over all files of a platform: each text, output, tag and filter. Not timed: the same template
 * comes to its end or does not, however busy the machine is.
 */
export class BoundedSteps {
  constructor(private left: number) {}

  take(steps: number): void {
    if ((this.left -= steps) < 0) throw new Error('it does more than a template may');
  }
}

/**
 * Renders the text of one file; `path` says where, in words. The same input gives the same text: there is no clock, no
 * chance and no file behind it. Throws `TemplateFailed`.
 */
export function renderText(text: string, path: string, variables: TemplateVariables, bounds: RenderBounds): Buffer {
  const output = new BoundedOutput(bounds.mostBytes);
  try {
    const tags = tagsIn(text);
    if (tags > MOST_TAGS) throw new Error(`it has more than ${MOST_TAGS} outputs and tags`);
    bounds.steps.take(tags * STEPS_TO_READ);
    const context = new Context(
      Object.assign(Object.create(null) as object, variables),
      engine.options,
      { sync: true, memoryLimit: MOST_VALUES },
      { liquid: engine },
    );
    // Liquid asks before each text, output and tag, and would compare the time.
    context.renderLimit.check = () => bounds.steps.take(1);
    toValueSync(engine.renderer.renderTemplates(engine.parse(text), context, output));
    return output.bytes();
  } catch (error) {
    throw new TemplateFailed(`${path}${whereAndWhat(error)}`);
  }
}

/** At most: each line of a `{% liquid %}` is a tag of its own. */
const tagsIn = (text: string): number =>
  text.match(/\{%-?\s*liquid\b/.test(text) ? /\{[{%]|\n/g : /\{[{%]/g)?.length ?? 0;

function createEngine(): Liquid {
  const liquid = new Liquid({
    strictFilters: true,
    strictVariables: true,
    lenientIf: true, // a parameter that was left out can be asked for, and given a default
    ownPropertyOnly: true,
    templates: {}, // never the file system
    parseLimit: LONGEST_TEMPLATE,
  });
  for (const tag of ['include', 'render', 'layout', 'block']) delete liquid.tags[tag];
  for (const filter of [
    // A clock, chance, and an order that depends on the machine's language.
    ...[
      'date',
      'date_to_xmlschema',
      'date_to_rfc822',
      'date_to_string',
      'date_to_long_string',
      'sample',
      'sort_natural',
    ],
    ...['inspect', 'jsonify'], // `json` does it, safely
  ])
    delete liquid.filters[filter];
  liquid.registerFilter('json', (value: unknown, indentation: unknown) =>
    safeJson(value, typeof indentation === 'number' ? indentation : 0),
  );
  for (const [name, change] of Object.entries({
    camel_case: camelCase,
    kebab_case: kebabCase,
    pascal_case: pascalCase,
    snake_case: snakeCase,
  }))
    liquid.registerFilter(name, (value: unknown) => change(textOf(value)));
  for (const [name, filter] of Object.entries(liquid.filters)) liquid.registerFilter(name, charged(filter));
  liquid.registerTag('capture', BoundedCapture);
  return liquid;
}

/**
 * A filter that is a step, and whose result is charged to what the file may make, wholly: liquid charges a list for its length alone, and a
 * list of lists of lists, or of one long text many times, becomes any length once it is printed or compared.
 */
function charged(filter: FilterImplOptions): FilterImplOptions {
  const { handler, raw } = typeof filter === 'function' ? { handler: filter, raw: false } : filter;
  return {
    raw: raw ?? false,
    *handler(value: unknown, ...args: unknown[]): IterableIterator<unknown> {
      this.context.renderLimit.check(1);
      const result: unknown = yield handler.call(this, value, ...args);
      charge(result, this.context);
      return result;
    },
  };
}

function charge(value: unknown, context: Context): void {
  if (typeof value === 'string') context.memoryLimit.use(value.length);
  else if (typeof value === 'object' && value !== null) {
    const parts = Array.isArray(value) ? value : Object.values(value);
    context.memoryLimit.use(1 + parts.length);
    for (const part of parts) charge(part, context);
  }
}

/** Liquid's own keeps as much as the tag's content prints. */
class BoundedCapture extends CaptureTag {
  override *render(context: Context): Generator<unknown, void, string> {
    const { templates, variable } = this as unknown as { templates: Template[]; variable: string };
    const captured: Emitter = {
      buffer: '',
      write(value: unknown) {
        const text = textOf(value);
        context.memoryLimit.use(text.length);
        this.buffer += text;
      },
    };
    yield this.liquid.renderer.renderTemplates(templates, context, captured);
    (context.bottom() as Record<string, unknown>)[variable] = captured.buffer;
  }
}

/** Encodes as it goes: no text is ever longer than what one tag prints. */
class BoundedOutput implements Emitter {
  readonly buffer = ''; // liquid answers it to whoever gave no output of his own
  readonly #chunks: Buffer[] = [];
  #pending = '';
  #length = 0;

  constructor(private readonly mostBytes: number) {}

  write(value: unknown): void {
    this.#pending += textOf(value);
    if (this.#pending.length >= 16_384) this.#encode();
  }

  bytes(): Buffer {
    this.#encode();
    return Buffer.concat(this.#chunks);
  }

  #encode(): void {
    const chunk = Buffer.from(this.#pending);
    this.#pending = '';
    this.#length += chunk.byteLength;
    if (this.#length > this.mostBytes) throw new TooMuch();
    this.#chunks.push(chunk);
  }
}

class TooMuch extends Error {
  override readonly message = 'more comes out than the 32 MiB a platform may have';
}

/** What liquid prints of a value. */
function textOf(value: unknown): string {
  const plain: unknown = toValue(value);
  if (typeof plain === 'string') return plain;
  if (plain === null || plain === undefined) return '';
  return Array.isArray(plain) ? plain.map(textOf).join('') : String(plain);
}

/** `, line 3: undefined variable: parameters.colour`. */
function whereAndWhat(error: unknown): string {
  if (!LiquidError.is(error)) return `: ${inWords(error)}`;
  const { token, originalError, message } = error as LiquidError & {
    readonly token?: { getPosition(): readonly number[] };
    readonly originalError?: unknown;
  };
  const line = token?.getPosition()[0];
  const what = inWords(originalError ?? message);
  return line === undefined ? `: ${what}` : `, line ${line}: ${what}`;
}

const IN_WORDS: Readonly<Record<string, string>> = {
  'memory alloc limit exceeded': 'it makes more of its values than a template may',
  'parse length limit exceeded': 'it is longer than the 1 MiB a template may have',
  'Maximum call stack size exceeded': 'it is nested too deeply',
  'Invalid string length': 'it makes more of its values than a template may',
};

function inWords(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return IN_WORDS[message] ?? plain(message.replace(/, line:\d+, col:\d+$/, ''));
}

/** What a template says goes into a row, and before people's eyes. */
const plain = (text: string): string =>
  text
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, 300)
    .toWellFormed();

const engine = createEngine();
