/** What the bed holds of somebody who asks. */
export interface Caller {
  readonly token: string;
  /** Of the caller's tenant. */
  readonly noteIds: readonly string[];
}

interface MixedOperation {
  /** Of a hundred requests. */
  readonly part: number;
  readonly query: string;
  variables?(caller: Caller, random: () => number): Readonly<Record<string, unknown>>;
}

export const CREATE_NOTE = /* GraphQL */ `
  mutation CreateNote($text: String!) {
    createNote(input: { text: $text }) {
      id
      text
      createdAt
    }
  }
`;

/** What people of a product do all day: they look more often than they write. By name, and with the subgraphs it takes. */
export const MIX = {
  /** identity */
  viewer: {
    part: 25,
    query: /* GraphQL */ `
      query Viewer {
        viewer {
          roles
          user {
            id
            displayName
            email
          }
          tenant {
            id
            slug
            name
            plan
          }
        }
      }
    `,
  },
  /** identity, then starter, then identity for the authors */
  notes: {
    part: 25,
    query: /* GraphQL */ `
      query Notes {
        viewer {
          tenant {
            id
            notes(first: 20) {
              nodes {
                id
                text
                wordCount
                createdAt
                createdBy {
                  id
                  displayName
                }
              }
              pageInfo {
                hasNextPage
                endCursor
              }
            }
          }
        }
      }
    `,
  },
  /** starter */
  note: {
    part: 10,
    query: /* GraphQL */ `
      query Note($id: ID!) {
        note(id: $id) {
          id
          text
          wordCount
          createdAt
        }
      }
    `,
    variables: ({ noteIds }, random) => ({ id: noteIds[Math.floor(random() * noteIds.length)] }),
  },
  /** platformforge */
  platforms: {
    part: 20,
    query: /* GraphQL */ `
      query Platforms {
        platforms(first: 20) {
          nodes {
            id
            name
            slug
            template
            status
            createdAt
          }
          pageInfo {
            hasNextPage
            endCursor
          }
        }
      }
    `,
  },
  /** identity, then starter and platformforge, then identity for everyone named there */
  overview: {
    part: 10,
    query: /* GraphQL */ `
      query Overview {
        viewer {
          user {
            displayName
            notes(first: 5) {
              nodes {
                id
                text
              }
            }
          }
          tenant {
            name
            notes(first: 10) {
              nodes {
                id
                text
                createdBy {
                  displayName
                }
              }
            }
            platforms(first: 10) {
              nodes {
                id
                name
                status
                createdBy {
                  displayName
                }
              }
            }
          }
        }
      }
    `,
  },
  /** starter, and a job for each */
  createNote: {
    part: 10,
    query: CREATE_NOTE,
    variables: (_caller, random) => ({ text: `A note of the benchmark, the number of which is ${random()}.` }),
  },
} as const satisfies Readonly<Record<string, MixedOperation>>;

export type MixedName = keyof typeof MIX;
export const MIXED_NAMES = Object.keys(MIX) as MixedName[];

const HUNDRED: readonly MixedName[] = MIXED_NAMES.flatMap((name) => Array.from({ length: MIX[name].part }, () => name));

export const anyOperation = (random: () => number): MixedName => HUNDRED[Math.floor(random() * HUNDRED.length)]!;

/** A request body of the caller's. */
export function bodyOf(name: MixedName, caller: Caller, random: () => number): string {
  const { query, variables }: MixedOperation = MIX[name];
  return JSON.stringify({ query, variables: variables?.(caller, random) });
}
