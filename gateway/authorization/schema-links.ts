import { Kind, valueFromASTUntyped, type ConstDirectiveNode, type DocumentNode } from 'graphql';
import { z } from 'zod';
import { UnreadableAccessControl } from './unreadable-access-control.js';

/** One `@link` of a schema (link specification, v1.0). */
export interface SchemaLink {
  /** The linked specification, without its version: `https://specs.apollo.dev/policy`. */
  readonly identity: string;
  /** `0.1`; null where the url has none. */
  readonly version: string | null;
  /** What the schema calls a directive of the specification; both without `@`. */
  directiveName(directive: string): string;
  /** Whether a directive that the schema calls so comes from this specification. */
  owns(directiveName: string): boolean;
}

/** `@core` was the name of `@link` before Federation 2, and called the url `feature`. */
const LINK_SPECIFICATION = /^https:\/\/specs\.apollo\.dev\/(link|core)\/v/;
const linkArguments = z
  .object({
    url: z.string().optional(),
    feature: z.string().optional(),
    as: z.string().nullish(),
    import: z.array(z.union([z.string(), z.object({ name: z.string(), as: z.string().nullish() })])).nullish(),
  })
  .transform(({ feature, url = feature ?? '', ...rest }) => ({ ...rest, url }))
  .refine(({ url }) => URL.canParse(url));

/** Throws `UnreadableAccessControl` for a link that cannot be understood: it might be one that protects. */
export function schemaLinks({ definitions }: DocumentNode): readonly SchemaLink[] {
  const applied = definitions.flatMap((definition) =>
    definition.kind === Kind.SCHEMA_DEFINITION || definition.kind === Kind.SCHEMA_EXTENSION
      ? (definition.directives ?? [])
      : [],
  );
  // The specification names its own directive: after `@foo(url: "https://specs.apollo.dev/link/v1.0", as: "foo")` every
  // `@foo` is a link.
  const linkNames = new Set(
    applied
      .filter((directive) => LINK_SPECIFICATION.test(linkedUrl(directive)))
      .filter((directive) => readLink(directive).owns(directive.name.value))
      .map(({ name }) => name.value),
  );
  return applied.filter(({ name }) => linkNames.has(name.value)).map(readLink);
}

function linkedUrl({ arguments: given }: ConstDirectiveNode): string {
  const url = given?.find(({ name }) => name.value === 'url' || name.value === 'feature')?.value;
  return url?.kind === Kind.STRING ? url.value : '';
}

function readLink({ name, arguments: given = [] }: ConstDirectiveNode): SchemaLink {
  const read = linkArguments.safeParse(
    Object.fromEntries(given.map((argument) => [argument.name.value, valueFromASTUntyped(argument.value)])),
  );
  if (!read.success) throw new UnreadableAccessControl(`@${name.value} on the schema has arguments that do not fit.`);

  const { identity, ownName, version } = readUrl(new URL(read.data.url));
  const namespace = read.data.as ?? ownName;
  const imported = new Map(
    read.data.import?.map((one) => {
      const { name, as } = typeof one === 'string' ? { name: one, as: null } : one;
      return [bare(name), bare(as ?? name)];
    }),
  );
  const directiveName = (directive: string): string =>
    imported.get(directive) ?? (directive === ownName ? namespace : `${namespace}__${directive}`);
  const names = new Set([directiveName(ownName), ...imported.values()]);
  return {
    identity,
    version,
    directiveName,
    owns: (directive) => names.has(directive) || directive.startsWith(`${namespace}__`),
  };
}

function readUrl({ origin, pathname }: URL) {
  const path = pathname.split('/').filter(Boolean);
  const version = /^v(\d+\.\d+)$/.exec(path.at(-1) ?? '')?.[1] ?? null;
  if (version !== null) path.pop();
  return { identity: [origin, ...path].join('/'), ownName: path.at(-1) ?? '', version };
}

const bare = (name: string): string => name.replace(/^@/, '');
