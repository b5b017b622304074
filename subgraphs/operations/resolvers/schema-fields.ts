import { inOneCall } from '@inevitable/kit';
import type { OperationsContext } from '../context.js';
import type { SchemaVersion, SchemaVersionSubgraph } from '../generated/prisma/client.js';
import type {
  PublishedSubgraphResolvers,
  SchemaPublicationKind,
  SchemaPublicationResolvers,
  SchemaVersionResolvers,
} from '../generated/resolvers.js';

const versionOf = inOneCall<OperationsContext, SchemaVersion>(async ({ db }, numbers) => {
  const versions = await db.schemaVersion.findMany({ where: { number: { in: numbers.map(Number) } } });
  return new Map(versions.map((version) => [String(version.number), [version]]));
});

const subgraphsOf = inOneCall<OperationsContext, SchemaVersionSubgraph>(async ({ db }, numbers) => {
  const subgraphs = await db.schemaVersionSubgraph.findMany({
    where: { version: { in: numbers.map(Number) } },
    orderBy: { name: 'asc' },
  });
  const byVersion = new Map<string, SchemaVersionSubgraph[]>(numbers.map((number) => [number, []]));
  for (const subgraph of subgraphs) byVersion.get(String(subgraph.version))!.push(subgraph);
  return byVersion;
});

const textOf = inOneCall<OperationsContext, string>(async ({ db }, hashes) => {
  const texts = await db.schemaText.findMany({ where: { sha256: { in: [...hashes] } } });
  return new Map(texts.map(({ sha256, text }) => [sha256, [text]]));
});

export const schemaPublicationFields: SchemaPublicationResolvers = {
  version: async ({ version }, _args, context) => (await versionOf(String(version), context))[0]!,
  kind: ({ kind }) => kind.toUpperCase() as SchemaPublicationKind,
};

export const schemaVersionFields: SchemaVersionResolvers = {
  sha256: ({ supergraphSha256 }) => supergraphSha256,
  supergraph: async ({ supergraphSha256 }, _args, context) => (await textOf(supergraphSha256, context))[0]!,
  subgraphs: ({ number }, _args, context) => subgraphsOf(String(number), context),
};

export const publishedSubgraphFields: PublishedSubgraphResolvers = {
  sha256: ({ schemaSha256 }) => schemaSha256,
  schema: async ({ schemaSha256 }, _args, context) => (await textOf(schemaSha256, context))[0]!,
};
