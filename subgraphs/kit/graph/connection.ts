import { BadUserInput, isUuid } from '@inevitable/contract';

export interface PageArguments {
  readonly first?: number | null;
  readonly after?: string | null;
}

export interface Connection<Node> {
  readonly nodes: Node[];
  readonly edges: { readonly node: Node; readonly cursor: string }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

/** A page to read: one row more than asked for tells whether another page follows. */
export interface PageToRead {
  readonly take: number;
  /** The id after which the page begins, or null for the first page. */
  readonly afterId: string | null;
}

const DEFAULT_PAGE = 20;
const LARGEST_PAGE = 100;

const toCursor = (id: string): string => Buffer.from(id).toString('base64url');

function fromCursor(cursor: string, isId: (text: string) => boolean): string {
  const id = Buffer.from(cursor, 'base64url').toString();
  if (!isId(id)) throw new BadUserInput('That is not a cursor of this list.', 'after');
  return id;
}

/**
 * A page of a list ordered by id (Relay Cursor Connections): ids are UUIDv7, so their order is that of creation.
 * `isId`: for a list that has other ids. `first` 1 to 100, 20 unless told. Throws `BadUserInput`.
 */
export async function connectionOf<Node extends { readonly id: string }>(
  { first, after }: PageArguments,
  read: (page: PageToRead) => Promise<readonly Node[]>,
  isId: (text: string) => boolean = isUuid,
): Promise<Connection<Node>> {
  const size = first ?? DEFAULT_PAGE;
  if (size < 1 || size > LARGEST_PAGE) throw new BadUserInput(`first is a number from 1 to ${LARGEST_PAGE}.`, 'first');
  const rows = await read({ take: size + 1, afterId: after == null ? null : fromCursor(after, isId) });
  const nodes = rows.slice(0, size);
  const edges = nodes.map((node) => ({ node, cursor: toCursor(node.id) }));
  return {
    nodes,
    edges,
    pageInfo: {
      hasNextPage: rows.length > size,
      hasPreviousPage: after != null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}
