import { openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@inevitable/kit/testing';
import { openLog } from './open-log.js';
import { securityLogOf } from './security-log.js';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'security-'))));
afterAll(() => rm(folder, { recursive: true }));

const log = openLog('silent', { part: 'gateway' });

describe('SECURITY_LOG', () => {
  it('that is not set leaves security events in the log', () => {
    expect(securityLogOf({ securityLog: undefined }, log)).toBe(log);
  });

  it.each(['file', 'descriptor'])('that is a %s has them, whatever the level of the log is', async (kind) => {
    const file = join(folder, kind);
    const events = securityLogOf({ securityLog: kind === 'file' ? file : openSync(file, 'a') }, log);
    events.info({ security: true, event: 'denied' });
    await until('it is written', async () => (await readFile(file, 'utf8')).endsWith('\n'));
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
      part: 'gateway',
      security: true,
      event: 'denied',
    });
  });

  it.each([
    ['a directory', () => folder, 'EISDIR'],
    ['in no directory', () => join(folder, 'none', 'security.log'), 'ENOENT'],
    ['a descriptor that nobody opened', () => 987, 'EBADF'],
    ['a descriptor that is only read', () => openSync('/dev/null', 'r'), 'EBADF'],
  ])('that is %s is refused with a sentence', (_what, place, code) => {
    expect(() => securityLogOf({ securityLog: place() }, log)).toThrow(
      new RegExp(`^SECURITY_LOG cannot be used: .* cannot be written \\(${code}\\)\\. Give a file`),
    );
  });
});
