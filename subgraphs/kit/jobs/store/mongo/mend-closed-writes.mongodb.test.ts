import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createTestMongoDatabase, type TestMongoDatabase } from '../../../testing/test-mongo-database.js';
import { openMongoJobs, type MongoJobs } from './mongo-jobs-database.js';

let test: TestMongoDatabase;
let db: MongoJobs;
let sockets: Socket[];
const opened = (message: unknown): void => void sockets.push((message as { socket: Socket }).socket);
beforeEach(async () => {
  test = await createTestMongoDatabase();
  sockets = [];
  subscribe('net.client.socket', opened);
  db = openMongoJobs(test.url);
  await db.database.command({ ping: 1 });
});
afterEach(async () => {
  unsubscribe('net.client.socket', opened);
  await db.close();
  await test.drop();
});

it('What is asked on a connection that is breaking ends, and what may be asked again is answered', async () => {
  for (const socket of sockets) socket.destroy(); // it says so later in this turn of the event loop
  const asked = await Promise.allSettled([db.database.command({ ping: 1 }), db.jobs.findOne({})]);
  expect(asked).toEqual([
    { status: 'rejected', reason: expect.objectContaining({ message: expect.stringMatching(/closed/) }) },
    { status: 'fulfilled', value: null },
  ]);
});

it('A server whose connections all break at once is found again', async () => {
  const [monitor, ...pooled] = sockets;
  for (const socket of [...pooled, monitor!]) socket.destroy(); // the monitor looks when the first of them says so
  await db.database.command({ ping: 1 }).catch(() => undefined);
  expect(await db.database.command({ ping: 1 })).toMatchObject({ ok: 1 });
});
