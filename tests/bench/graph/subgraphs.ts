import { inventory } from './inventory.js';
import { products } from './products.js';
import { reviews } from './reviews.js';
import type { SubgraphModule } from './subgraph-module.js';
import { users } from './users.js';

/** By name: the data model every federation benchmark uses. */
export const SUBGRAPHS: Readonly<Record<string, SubgraphModule>> = { users, products, reviews, inventory };
