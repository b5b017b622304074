import { PERSONS, PRODUCTS, REVIEWS, row, rows, where } from './data.js';
import { receipt } from './catalog.js';
import type { RichSubgraph } from './rich-subgraph.js';

const reviewsOf = (ref: string, minimum: number | null) =>
  where(REVIEWS, 'product', ref).filter(({ stars }) => stars >= (minimum ?? 0));

/** Adds to every product, whichever kinds there are (`@interfaceObject`), and to persons. */
export const reviews: RichSubgraph = {
  name: 'reviews',
  sdl: `
    type Query {
      latestReviews(first: Int = 2): [Review!]!
      review(id: ID!): Review
    }
    type Mutation {
      addReview(input: ReviewInput!): ReviewReceipt
      forgetReviews(products: [[ID!]]): Receipt
    }
    type Receipt @shareable { number: Int!  what: String }
    type ReviewReceipt { number: Int!  product: Product  author: Person }
    input ReviewInput { product: ID!  body: String = "-"  stars: Int! = 3  author: ID }

    type Product @interfaceObject @key(fields: "id") {
      id: ID!
      subtitle: String @external
      reviews(first: Int, minStars: Int = 1): [Review!]!
      rating: Float
      verdict(loud: Boolean = false): String @requires(fields: "subtitle")
    }
    type Review @key(fields: "id") {
      id: ID!
      body: String
      stars: Int!
      author: Person @provides(fields: "name")
      product: Product!
      replies: [[Review!]!]
    }
    type Person @key(fields: "id") {
      id: ID!
      name: String! @external
      address: Address @external
      reviews(first: Int): [Review!]!
      byline: String @requires(fields: "name address { city country { code } }")
    }
    type Address { city: String @external  country: Country @external }
    type Country @shareable { code: ID! }
  `,
  answers: {
    Query: {
      latestReviews: (_, { first }) =>
        Object.values(REVIEWS)
          .reverse()
          .slice(0, first ?? undefined),
      review: (_, { id }) => row(REVIEWS, id),
    },
    Mutation: {
      addReview: (_, { input: { product, body, stars, author } }, { journal }) => {
        const { number } = receipt(journal, `review ${product} ${body} ${stars}`);
        return { number, product: row(PRODUCTS, product), author: row(PERSONS, author ?? null) };
      },
      forgetReviews: (_, { products }, { journal }) => receipt(journal, `forget ${JSON.stringify(products ?? null)}`),
    },
    Product: {
      reviews: ({ ref }, { first, minStars }) => reviewsOf(ref, minStars).slice(0, first ?? undefined),
      rating: ({ ref }) => {
        const stars = reviewsOf(ref, null).map((review): number => review.stars);
        return stars.length > 0 ? stars.reduce((sum, one) => sum + one, 0) / stars.length : null;
      },
    },
    Review: {
      author: ({ author }) => row(PERSONS, author),
      product: ({ product }) => row(PRODUCTS, product),
      replies: ({ replies }) => replies?.map((some: string[]) => rows(REVIEWS, some)),
    },
    Person: {
      reviews: ({ ref }, { first }) => where(REVIEWS, 'author', ref).slice(0, first ?? undefined),
    },
  },
  requiring: {
    Product: {
      verdict: {
        truth: ({ subtitle }) => ({ subtitle }),
        answer: ({ subtitle }, { loud }) => (subtitle === null ? 'plain' : `"${subtitle}"${loud ? '!' : ''}`),
      },
    },
    Person: {
      byline: {
        truth: ({ unknown, name, address }) => (unknown ? null : { name, address }),
        answer: ({ name, address }) =>
          [name, address?.city, address?.country?.code].map((part) => part ?? '?').join(', '),
      },
    },
  },
};
