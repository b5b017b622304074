import { agenda } from './agenda/queue.js';
import { ours } from './ours/queue.js';
import type { Queue } from './queue.js';
import type { Kind } from './queue-names.js';

export const QUEUES: Readonly<Record<Kind, Queue>> = { ours, agenda };
