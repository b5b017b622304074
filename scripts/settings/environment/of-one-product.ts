import { loginUrl } from './databases-and-jobs.js';
import { setting, type SettingGroup } from './setting.js';
import { deploymentContext, httpUrl } from './values.js';

/** Those that are read of one product, or of identity and operations: `<NAME>_` stands before them. */
export const ofProduct = {
  DEPLOYMENT_CONTEXT: setting(deploymentContext.optional(), {
    unset: '`DEPLOYMENT_CONTEXT`',
    readBy: 'the subgraph, the worker, one process, `<product> <command>`',
    meaning:
      '`internal` or `customer`, of this product alone. It changes nothing of core-identity, operations and the gateway',
    example: 'customer',
  }),
  URL: setting(httpUrl.optional(), {
    unset: "the origin of the subgraph's `routing_url`",
    readBy: 'gateway, operations',
    meaning: "where a product's subgraph is, without a path",
    example: 'http://starter:4001',
  }),
  OWNER_DATABASE_URL: loginUrl({
    unset: '`DATABASE_URL`',
    readBy: "whoever prepares that product's database",
    meaning: 'migrates this product',
  }),
  DATABASE_URL: loginUrl({
    unset: 'the login `<name>_app` on the server of `DATABASE_URL`',
    readBy: 'the subgraph, the worker, one process',
    meaning: 'resolvers and jobs',
  }),
  SYSTEM_DATABASE_URL: loginUrl({
    unset: 'the login `<name>_system` on the server of `DATABASE_URL`',
    readBy: 'the worker, identity, operations, one process',
    meaning: "outbox relay and retention; core-identity's own look-ups",
  }),
};

/** Of one product each; the other groups' are read by their names. */
export const PRODUCT_GROUP: SettingGroup = {
  title: 'Of one product',
  settings: Object.fromEntries(Object.entries(ofProduct).map(([name, schema]) => [`<NAME>_${name}`, schema])),
  note: '`<NAME>` is the name in `supergraph.yaml` in upper case, with `_` for `-`: `STARTER_URL`. For databases core-identity is `IDENTITY`, operations `OPERATIONS`. A `<NAME>_DEPLOYMENT_CONTEXT` of something that is no product in `supergraph.yaml` stops the start of every part that loads products.',
};
