import { agenda } from './agenda/queue.js';
import { ours } from './ours/queue.js';
import type { Queue } from './queue.js';
import type { QueueName } from './queue-names.js';

export const QUEUES: Readonly<Record<QueueName, Queue>> = { ours, agenda };
