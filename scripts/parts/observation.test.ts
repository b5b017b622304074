import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { Settings } from '../settings/settings.js';
import { Closers } from './closers.js';
import { openObservation } from './observation.js';

const log = pino({ level: 'silent' });
const closers = new Closers();
let taken: Server | null = null;
afterEach(async () => {
  await closers.closeAll();
  taken?.close();
  taken = null;
});

const open = (metricsPort?: number) =>
  openObservation('stack', { host: '127.0.0.1', metricsPort } as Settings, closers, log);

describe('METRICS_PORT', () => {
  it('that is not set serves nothing, and events are told of all the same', async () => {
    const { registry, securityEvent } = await open();
    expect(registry).toBeNull();
    expect(() => securityEvent('sign-in granted', {})).not.toThrow();
  });

  it('makes one registry of the process, in which security events are counted', async () => {
    const { registry, securityEvent } = await open(0);
    securityEvent('sign-in granted', {});
    expect(await registry!.metrics()).toContain('stack_sign_ins_total{outcome="granted"} 1');
    expect(await registry!.metrics()).toContain('process_cpu_seconds_total');
  });

  it('that is taken is refused in one sentence that names it', async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken!.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    await expect(open(port)).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is in use. Stop what uses it, or choose another with METRICS_PORT.`,
    );
  });
});
