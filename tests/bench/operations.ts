/** What is measured. Each takes `$seed`: another seed, other data in every subgraph's answer. */
export const OPERATIONS = {
  /** One subgraph. */
  single: /* GraphQL */ `
    query Single($seed: Int!) {
      users(seed: $seed) {
        id
        name
        username
        birthday
      }
    }
  `,
  /** Two subgraphs: products, then their reviews as entities. */
  join: /* GraphQL */ `
    query Join($seed: Int!) {
      topProducts(seed: $seed) {
        upc
        name
        price
        reviews {
          id
          body
        }
      }
    }
  `,
  /** All four, to and fro. The planner of `@apollo/gateway` needs 16 fetches for it. */
  deep: /* GraphQL */ `
    query Deep($seed: Int!) {
      users(seed: $seed) {
        ...Person
        reviews {
          ...Opinion
          product {
            ...Ware
            reviews {
              ...Opinion
              author {
                ...Person
                reviews {
                  ...Opinion
                  product {
                    ...Ware
                  }
                }
              }
            }
          }
        }
      }
      topProducts(seed: $seed) {
        ...Ware
        reviews {
          ...Opinion
          author {
            ...Person
            reviews {
              ...Opinion
              product {
                ...Ware
              }
            }
          }
        }
      }
    }

    fragment Person on User {
      id
      username
      name
    }

    fragment Opinion on Review {
      id
      body
    }

    fragment Ware on Product {
      inStock
      name
      price
      shippingEstimate
      upc
      weight
    }
  `,
} as const;

export type OperationName = keyof typeof OPERATIONS;

/** In the order they are run: the deep one last, because what it leaves in memory would count for the others. */
export const OPERATION_NAMES: readonly OperationName[] = ['single', 'join', 'deep'];

/** A request body as clients send it. */
export const requestBody = (operation: OperationName, seed: number): string =>
  JSON.stringify({ query: OPERATIONS[operation], variables: { seed } });

/** A join that nobody asked before, for every number another: no cache of documents or plans can know it. */
export const novelBody = (number: number): string =>
  JSON.stringify({
    query: `query Novel${number}($seed: Int!) {
      topProducts(seed: $seed) { upc name${number}: name price reviews { id body${number}: body } }
    }`,
    variables: { seed: 1 },
  });

/** Stands for every number: an operation that is sent begins at 0. */
export const ANY_NUMBER = '99999999';
const NOVEL = /\b(?:name|body)(\d+)\b/;

/** Of what a gateway asks for a novel operation: its number; null: it is none. */
export const novelNumberIn = (body: string): string | null => NOVEL.exec(body)?.[1] ?? null;

/** The same request or answer with another number in its names. */
export const renumbered = (text: string, number: string, other: string): string =>
  text.replaceAll(new RegExp(`\\b(Novel|name|body)${number}(?!\\d)`, 'g'), `$1${other}`);
