import { defineSubgraph } from '@inevitable/kit';
import { starterDatabase } from './database.js';
import { noteChanged } from './events/note-changed.js';
import { countWords } from './jobs/count-words.js';
import { resolvers } from './resolvers/resolvers.js';

/** The smallest complete subgraph: notes of a tenant, joined to its users, with one job and one subscription. */
export default defineSubgraph({
  name: 'starter',
  owner: 'team-platform',
  schema: new URL('./schema.graphql', import.meta.url),
  permissions: ['starter:notes:read', 'starter:notes:write'],
  resolvers,
  jobs: [countWords],
  events: [noteChanged],
  database: starterDatabase,
  tenantData: { notes: { personColumn: 'created_by' } },
});
