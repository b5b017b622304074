/**
 * Everything in the graph is a function of a seed: the same shape for every seed, other ids and other values. Two
 * requests with different seeds therefore share no request to a subgraph and no answer of one.
 */
export const USERS = 6;
export const PRODUCTS = 9;

const NAMES = ['Mira Solberg', 'Teo Marchetti', 'Ines Duarte', 'Kofi Mensah', 'Yuki Tanabe', 'Lena Vogt'];
const WARES = ['Desk', 'Lamp', 'Kettle', 'Shelf', 'Armchair', 'Notebook', 'Headphones', 'Backpack', 'Bicycle'];
const OPINIONS = ['Would buy it again.', 'It does what it says.', 'Smaller than I thought.', 'Arrived a day early.'];

/**
 * Who wrote about what, as [user, product], both from 1. One user wrote most reviews and one product has most of them:
 * that makes the deep operation wide, and lets an executor gain from asking for each entity once.
 */
const REVIEWS: readonly (readonly [user: number, product: number])[] = [
  [1, 1],
  [1, 2],
  [2, 3],
  [2, 1],
  [2, 4],
  [2, 5],
  [1, 1],
  [1, 1],
  [1, 1],
  [1, 1],
  [1, 1],
];

/** A thing of the dataset: which one, in which seed. */
export interface Thing {
  readonly seed: number;
  /** From 1. */
  readonly at: number;
}

export const idOf = ({ seed, at }: Thing): string => `${seed}-${at}`;

/** Throws for text that is not an id of this dataset. */
export function thingOf(id: string): Thing {
  const [seed, at] = id.split('-').map(Number);
  if (!Number.isInteger(seed) || !Number.isInteger(at)) throw new Error(`"${id}" is not in the dataset.`);
  return { seed: seed!, at: at! };
}

export const user = (thing: Thing) => {
  const { seed, at } = thing;
  const name = NAMES[at - 1]!;
  return {
    id: idOf(thing),
    name: `${name} ${seed}`,
    username: usernameOf(thing),
    birthday: 1960 + ((seed + at) % 45),
  };
};

export const usernameOf = ({ seed, at }: Thing): string => `${NAMES[at - 1]!.split(' ')[0]!.toLowerCase()}${seed}`;

export const product = (thing: Thing) => {
  const { seed, at } = thing;
  return {
    upc: idOf(thing),
    name: `${WARES[at - 1]!} ${seed}`,
    price: ((seed * 37 + at * 211) % 2_000) + 1,
    weight: ((seed * 13 + at * 101) % 900) + 1,
  };
};

export const isInStock = ({ seed, at }: Thing): boolean => (seed + at) % 3 !== 0;

export interface Review {
  readonly id: string;
  readonly body: string;
  readonly user: Thing;
  readonly product: Thing;
}

export const review = (thing: Thing): Review => {
  const { seed, at } = thing;
  const [writer, about] = REVIEWS[at - 1]!;
  return {
    id: idOf(thing),
    body: `${OPINIONS[at % OPINIONS.length]!} (${seed})`,
    user: { seed, at: writer },
    product: { seed, at: about },
  };
};

export const reviewsBy = (writer: Thing): Review[] => reviewsOf(writer.seed, ([user]) => user === writer.at);

export const reviewsAbout = (about: Thing): Review[] => reviewsOf(about.seed, ([, product]) => product === about.at);

const reviewsOf = (seed: number, wanted: (pair: readonly [number, number]) => boolean): Review[] =>
  REVIEWS.flatMap((pair, index) => (wanted(pair) ? [review({ seed, at: index + 1 })] : []));

/** The first `count` things of a seed, at most `all`. */
export const firstOf = (seed: number, count: number, all: number): Thing[] =>
  Array.from({ length: Math.max(0, Math.min(count, all)) }, (_, index) => ({ seed, at: index + 1 }));
