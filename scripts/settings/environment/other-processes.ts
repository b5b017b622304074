import { z } from 'zod';
import { setting, type SettingGroup } from './setting.js';
import { httpUrl } from './values.js';

const natsUrl = z.url({ protocol: /^(nats|tls)$/, hostname: /./ });

export const otherProcesses = {
  title: 'Other processes',
  settings: {
    IDENTITY_URL: setting(httpUrl.default('http://127.0.0.1:3333'), {
      readBy: 'gateway, operations, subgraphs, worker',
      meaning: 'core-identity, without a path',
      example: 'http://identity:3333',
    }),
    OPERATIONS_URL: setting(httpUrl.default('http://127.0.0.1:3400'), {
      readBy: 'gateway',
      meaning: 'the operations subgraph, the schema registry and the recorded usage, without a path',
      example: 'http://operations:3400',
    }),
    NATS_URL: setting(natsUrl.optional(), {
      unset: 'events stay within each process',
      readBy: 'operations, subgraphs, worker, one process',
      meaning:
        'a NATS server with JetStream, 2.9 or newer ([events](deploying.md#events-between-processes)): `nats://` or `tls://`, with `user:password@`, `token@` or nothing before the host; port 4222 unless told. The same for all of them. Set while the server is down, none of them starts',
      example: 'nats://stack:<password>@nats',
    }),
  },
} satisfies SettingGroup;
