export interface SupergraphVersion {
  /** Of the supergraph SDL: equal text, equal id. */
  readonly id: string;
  readonly sdl: string;
}

/** Where a gateway gets the composed supergraph from. */
export interface SchemaRegistryPort {
  current(): Promise<SupergraphVersion>;
  /** Tells of every version that becomes the current one; answers a function that ends it. Absent: there is only one. */
  watch?(onVersion: (version: SupergraphVersion) => void): () => void;
  /** What a gateway begins with where it cannot load the current one, or null: it does not begin. Absent: the same. */
  instead?(unusable: SupergraphVersion, reason: Error): Promise<SupergraphVersion | null>;
}

/** One subgraph as its team published it. */
export interface SubgraphSchema {
  readonly name: string;
  readonly routingUrl: string;
  /** As it was written: without what the kit adds. */
  readonly sdl: string;
}

/** A composed supergraph and what it was composed of. Never changed once it is there. */
export interface PublishedVersion extends SupergraphVersion {
  /** 1, 2, 3 …, in the order of publishing. */
  readonly number: number;
  /** Sorted by name. */
  readonly subgraphs: readonly SubgraphSchema[];
  readonly createdAt: Date;
  /** Who published it, as the registry knows them: an email address, a user of the machine. */
  readonly createdBy: string;
  readonly gitRevision: string | null;
}

/** A version became the one that is served. The list of them only grows. */
export interface Publication {
  /** Grows with every publication. */
  readonly position: number;
  readonly version: number;
  /** Of the version. */
  readonly gitRevision: string | null;
  readonly kind: 'publish' | 'rollback';
  readonly at: Date;
  readonly by: string;
  /** True: it did not pass `stack check`, and was published all the same. `findings` say what was passed over. */
  readonly forced: boolean;
  readonly findings: readonly string[];
  readonly reason: string | null;
}

export interface NewVersion {
  readonly sdl: string;
  readonly subgraphs: readonly SubgraphSchema[];
  readonly by: string;
  readonly gitRevision: string | null;
  readonly forced: boolean;
  readonly findings: readonly string[];
  readonly reason: string | null;
  /** The version it was checked against, null when there was none: another one meanwhile is a conflict. */
  readonly basedOn: number | null;
}

export interface Rollback {
  /** Any version there is. */
  readonly to: number;
  readonly by: string;
  readonly reason: string | null;
  readonly basedOn: number;
}

/** Versions of the supergraph, kept for good: what is published, and what was. */
export interface SchemaRegistry {
  /** The version served now, or null: nothing was published yet. */
  current(): Promise<PublishedVersion | null>;
  version(number: number): Promise<PublishedVersion | null>;
  /** Newest first, `first` of them that come before position `before`. */
  publications(page: { readonly first: number; readonly before: number | null }): Promise<readonly Publication[]>;
  /** Throws `Conflict` when another version became current meanwhile. The current version once more is no new one. */
  publish(version: NewVersion): Promise<Publication>;
  /** Throws `Conflict` as `publish` does, and `NotFound` for a version that does not exist. */
  rollback(rollback: Rollback): Promise<Publication>;
}
