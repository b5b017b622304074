/** What is known of the product behind a subgraph, besides its schema. */
export interface ProductFacts {
  /** Open to anybody, as its declaration says it: `Type.field` or `Type.*`. */
  readonly publicFields: readonly string[];
  /** Null: it declares no database. */
  readonly database: {
    /** The schema in the database. */
    readonly name: string;
    /** Tables that are declared to be of no tenant. */
    readonly ofNoTenant: ReadonlySet<string>;
    /** Its migrations, as text. */
    readonly migrations: readonly string[];
    /** The Prisma schema, as text; null where it is not there to be read. */
    readonly prismaSchema: string | null;
  } | null;
  /** Which row or object the generated resolver types know behind a GraphQL type, as codegen.json says it. */
  readonly mappers: Readonly<Record<string, string>>;
}
