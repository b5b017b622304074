import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, visit, type Document } from 'yaml';
import { z } from 'zod';
import { protectionKey, type ProtectionSettings } from '../protection/protection-settings.js';
import { HOST_PATTERN } from '../routing/host-pattern.js';
import type { SubscriptionEndpoint } from '../transports/http-subgraph.js';
import { lintKey, lintSettings, type LintSettings } from './lint-settings.js';

export interface SubgraphConfig {
  readonly name: string;
  readonly routingUrl: string;
  /** A file is relative to supergraph.yaml, whose line names it; lines count from 1. */
  readonly schema:
    | { readonly kind: 'file'; readonly file: string; readonly line: number }
    | { readonly kind: 'introspect'; readonly url: string; readonly line: number };
  /** The longest one fetch may take. */
  readonly timeoutMs?: number;
  readonly subscriptions?: SubscriptionEndpoint;
}

export interface ProductConfig {
  readonly name: string;
  /** The npm package or file that exports the product's subgraph declaration. */
  readonly module: string;
  /** Lower case, without port, or `*.` and one: every path of these hosts that nobody else claims leads to the product. */
  readonly hosts: readonly string[];
  /** `/auth` covers `/auth` and `/auth/…`, on every host. */
  readonly pathPrefixes: readonly string[];
  /** True: the product's routes answer 401 to a caller without a valid token. */
  readonly authRequired: boolean;
  /** Below each prefix, for example `/health`. */
  readonly healthEndpoint: string;
}

export interface SupergraphConfig {
  readonly federationVersion: string | null;
  readonly subgraphs: ReadonlyMap<string, SubgraphConfig>;
  readonly products: ReadonlyMap<string, ProductConfig>;
  readonly protection: ProtectionSettings;
  /** What `stack lint` holds the schemas to. */
  readonly lint: LintSettings;
}

/** One sentence for the person who edits supergraph.yaml: file, line, key, what is wrong. */
export class BadSupergraphConfig extends Error {}

const RESERVED = ['/graphql', '/graphiql', '/live', '/ready', '/health'];

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });
const NAME_RULE = 'must be a lower-case name such as "claude-config"';
const name = z.string().regex(/^[a-z][a-z0-9_-]*$/, NAME_RULE);
const host = z
  .string()
  .transform((text) => text.toLowerCase())
  .refine((text) => HOST_PATTERN.test(text), 'must be a host name without port, or "*." and one');
const path = z
  .string()
  .regex(/^(\/[A-Za-z0-9._~-]+)+$/, 'must be a path such as "/billing", without a slash at its end');
const prefix = path.refine(
  (text) => !RESERVED.includes(text),
  `must not be one of the gateway's own paths (${RESERVED.join(', ')})`,
);

const MAX_TIMEOUT_MS = 600_000;
const timeout = z
  .number()
  .refine(
    (ms) => Number.isInteger(ms) && ms >= 1 && ms <= MAX_TIMEOUT_MS,
    `must be a whole number of milliseconds from 1 to ${MAX_TIMEOUT_MS}`,
  );
const websocketUrl = z.url({ protocol: /^wss?$/, error: 'must be a ws or wss URL, as "protocol" is ws' });
const streamUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL, as "protocol" is sse' });
const subscription = z
  .discriminatedUnion(
    'protocol',
    [
      z.strictObject({ protocol: z.literal('ws'), url: websocketUrl.optional() }),
      z.strictObject({ protocol: z.literal('sse'), url: streamUrl.optional() }),
    ],
    { error: ({ code }) => (code === 'invalid_union' ? 'must be ws or sse' : undefined) },
  )
  .transform(({ protocol, url }): SubscriptionEndpoint => ({
    protocol: protocol === 'ws' ? 'graphql-transport-ws' : protocol,
    ...(url !== undefined && { url }),
  }));

const fileSchema = z.strictObject({ file: z.string().min(1) });
const introspectedSchema = z.strictObject({ subgraph_url: httpUrl });
const configFile = z.strictObject({
  federation_version: z.union([z.string(), z.number()]).optional(),
  subgraphs: z.record(
    name,
    z.strictObject({
      routing_url: httpUrl,
      schema: z.union([fileSchema, introspectedSchema], { error: 'must be { file: … } or { subgraph_url: … }' }),
      timeout_ms: timeout.optional(),
      subscription: subscription.optional(),
    }),
  ),
  products: z
    .record(
      name,
      z.strictObject({
        module: z.string().min(1),
        hosts: z.array(host).default([]),
        path_prefix: z
          .union([prefix.transform((one) => [one]), z.array(prefix)], {
            error: 'must be a path such as "/billing", or a list of them',
          })
          .default([]),
        auth_required: z.boolean().default(true),
        health_endpoint: path.default('/health'),
      }),
    )
    .default({}),
  protection: protectionKey,
  lint: lintKey,
});

/** Reads supergraph.yaml: `subgraphs:` as Rover knows it, and our `products:`. Throws `BadSupergraphConfig`. */
export function parseSupergraphConfig(text: string, file: string): SupergraphConfig {
  const yaml = readYaml(text, file);
  refusePassedOver(yaml, file);
  const parsed = configFile.safeParse(yaml.value);
  if (!parsed.success) {
    // A key that is written wrongly is missing too, where it has to be: what is written is told, and has a line.
    const { issues } = parsed.error;
    const unknown = issues.find(({ code }) => code === 'unrecognized_keys');
    throw new BadSupergraphConfig(explain(unknown ?? issues[0]!, yaml, file));
  }
  const { federation_version: version, subgraphs, products, protection, lint } = parsed.data;
  const config: SupergraphConfig = {
    federationVersion: version === undefined ? null : String(version),
    subgraphs: new Map(
      Object.entries(subgraphs).map(
        ([key, { routing_url: routingUrl, schema, timeout_ms: timeoutMs, subscription }]) => [
          key,
          {
            name: key,
            routingUrl,
            schema: {
              ...('file' in schema
                ? ({ kind: 'file', file: schema.file } as const)
                : ({ kind: 'introspect', url: schema.subgraph_url } as const)),
              line: yaml.lineOf(['subgraphs', key, 'schema', 'file' in schema ? 'file' : 'subgraph_url']),
            },
            ...(timeoutMs !== undefined && { timeoutMs }),
            ...(subscription && { subscriptions: subscription }),
          },
        ],
      ),
    ),
    products: new Map(
      Object.entries(products).map(([key, product]) => [
        key,
        {
          name: key,
          module: product.module,
          hosts: product.hosts,
          pathPrefixes: product.path_prefix,
          authRequired: product.auth_required,
          healthEndpoint: product.health_endpoint,
        },
      ]),
    ),
    protection,
    lint: lintSettings(lint, (path) => yaml.lineOf(['lint', ...path])),
  };
  refuseSharedPlaces(config, yaml, file);
  return config;
}

interface Yaml {
  readonly value: unknown;
  /** The line of the innermost key on the way that the file has; 1 where it has none of them. */
  readonly lineOf: (path: readonly PropertyKey[]) => number;
}

function readYaml(text: string, file: string): Yaml {
  const lines = new LineCounter();
  // Of two equal keys the parser would say that there are two, but not of what.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  const error = document.errors[0];
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new BadSupergraphConfig(`${file}:${line}:${col}: this is not valid YAML: ${withoutStop(error.message)}.`);
  }
  refuseEqualKeys(document, lineAt, file);
  try {
    return { value: document.toJS(), lineOf: (path) => lineOf(document, path, lineAt) };
  } catch (cause) {
    // An alias without its anchor, or aliases of aliases that would fill the memory.
    throw new BadSupergraphConfig(`${file}: its aliases cannot be resolved: ${withoutStop((cause as Error).message)}.`);
  }
}

const withoutStop = (sentence: string): string => sentence.replace(/\.$/, '');

/** A second subgraph of one name would silently replace the first. */
function refuseEqualKeys(document: Document, lineAt: (offset: number) => number, file: string): void {
  visit(document, {
    Map(_key, map, ancestors) {
      const seen = new Map<unknown, number>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const line = lineAt(key.range?.[0] ?? 0);
        const first = seen.get(key.value);
        if (first !== undefined) {
          const above = ancestors.flatMap((one) => (isPair(one) && isScalar(one.key) ? [String(one.key.value)] : []));
          throw new BadSupergraphConfig(
            `${file}:${line}: "${[...above, key.value].join('.')}" is already there, in line ${first}: two cannot have one name.`,
          );
        }
        seen.set(key.value, line);
      }
    },
  });
}

/** zod passes over a key of this name, and its subgraph would be missing without a word. */
function refusePassedOver({ value, lineOf }: Yaml, file: string): void {
  const top = Object(value) as Readonly<Record<string, unknown>>;
  for (const key of ['subgraphs', 'products'])
    if (Object.hasOwn(Object(top[key]), '__proto__'))
      throw new BadSupergraphConfig(`${file}:${lineOf([key, '__proto__'])}: "${key}.__proto__" ${NAME_RULE}.`);
}

function lineOf(document: Document, path: readonly PropertyKey[], lineAt: (offset: number) => number): number {
  let node: unknown = document.contents;
  let line = isNode(node) ? lineAt(node.range?.[0] ?? 0) : 1;
  for (const step of path) {
    let key: unknown;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (!pair) break;
      key = pair.key;
      node = pair.value;
    } else if (isSeq(node)) {
      key = node = node.items[Number(step)];
    } else break;
    if (isNode(key) && key.range) line = lineAt(key.range[0]);
  }
  return line;
}

function explain(issue: z.core.$ZodIssue, { lineOf }: Yaml, file: string): string {
  const key = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const unknown = [...issue.path, issue.keys[0]!];
    return `${file}:${lineOf(unknown)}: "${unknown.join('.')}" is not a known key.`;
  }
  const problem = issue.code === 'invalid_type' ? `must be ${article(issue.expected)}` : innermost(issue);
  return key === '' ? `${file} ${problem}.` : `${file}:${lineOf(issue.path)}: "${key}" ${problem}.`;
}

function innermost(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  if (issue.code === 'too_small') return 'must not be empty';
  return issue.message;
}

const article = (type: string): string => (type === 'record' || type === 'object' ? 'a mapping' : `a ${type}`);

/** Two products at one place would make an answer depend on the order of a file. */
function refuseSharedPlaces({ products }: SupergraphConfig, { lineOf }: Yaml, file: string): void {
  const owners = new Map<string, string>();
  for (const product of products.values())
    for (const [key, places] of [
      ['hosts', product.hosts],
      ['path_prefix', product.pathPrefixes],
    ] as const)
      for (const [index, place] of places.entries()) {
        const owner = owners.get(place);
        if (owner !== undefined)
          throw new BadSupergraphConfig(
            `${file}:${lineOf(['products', product.name, key, index])}: "${place}" leads to both "products.${owner}" and "products.${product.name}".`,
          );
        owners.set(place, product.name);
      }
}
