import { defineSubgraph } from '@inevitable/kit';
import { platformForgeDatabase } from './database.js';
import { platformChanged } from './events/platform-changed.js';
import { resolvers } from './resolvers/resolvers.js';

/** PlatformForge: platforms of a tenant, generated from templates. */
export default defineSubgraph({
  name: 'platformforge',
  owner: 'team-platform',
  schema: new URL('./schema.graphql', import.meta.url),
  permissions: [
    'platformforge:platforms:read',
    'platformforge:platforms:write',
    'platformforge:templates:read',
    'platformforge:templates:write',
    'platformforge:settings:read',
    'platformforge:settings:admin',
  ],
  features: {
    'platformforge.platforms': {
      free: { kind: 'metered', limit: 10, per: 'month' },
      pro: { kind: 'metered', limit: 200, per: 'month' },
      enterprise: { kind: 'metered', limit: 10_000, per: 'month' },
    },
  },
  resolvers,
  events: [platformChanged],
  database: platformForgeDatabase,
});
