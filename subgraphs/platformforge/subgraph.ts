import { defineSubgraph } from '@inevitable/kit';
import { restore } from './commands/restore.js';
import { platformForgeDatabase } from './database.js';
import { platformChanged } from './events/platform-changed.js';
import { backUp } from './jobs/back-up.js';
import { checkHealth } from './jobs/check-health.js';
import { cleanUp } from './jobs/clean-up.js';
import { discard } from './jobs/discard.js';
import { generate } from './jobs/generate.js';
import { measureUsage } from './jobs/measure-usage.js';
import { syncQuota } from './jobs/sync-quota.js';
import { resolvers } from './resolvers/resolvers.js';
import { fetchArtifact } from './routes/fetch-artifact.js';
import { uploadTemplate } from './routes/upload-template.js';

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
  jobs: [generate, discard, checkHealth, syncQuota, cleanUp, measureUsage, backUp],
  events: [platformChanged],
  routes: {
    'GET /platformforge/artifacts/:id': fetchArtifact,
    'POST /platformforge/templates': uploadTemplate,
  },
  commands: [restore],
  database: platformForgeDatabase,
  tenantData: {
    platforms: { personColumn: 'created_by' },
    generations: { personColumn: 'requested_by' },
    templates: { personColumn: 'created_by' },
    settings: {},
    usage_hours: {},
  },
});
