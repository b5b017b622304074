import { partHealthChanged } from './part-health-changed.js';
import { schemaPublished } from './schema-published.js';

export const operationsEvents = [partHealthChanged, schemaPublished] as const;
