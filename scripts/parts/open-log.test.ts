import { describe, expect, it } from '@jest/globals';
import { openLog } from './open-log.js';

/** The `err` of the line. */
function logged(thrown: unknown): Record<string, unknown> {
  let line = '';
  openLog('info', { part: 'worker' }, { write: (text) => (line += text) }).warn({ err: thrown }, 'it failed');
  expect(line).not.toContain('geheim');
  const { part, msg, err } = JSON.parse(line) as Record<string, unknown>;
  expect([part, msg]).toEqual(['worker', 'it failed']);
  return err as Record<string, unknown>;
}

/** As drivers throw them: with the rows or documents that were not written. */
const ofADriver = () =>
  Object.assign(new Error('the disk is full'), {
    code: 'DISK_FULL',
    detail: 'Key (text)=(geheim)',
    writeErrors: [{ op: { payload: 'geheim' } }],
  });

describe('An error in the log', () => {
  it('says what it is, and nothing that was put on it', () => {
    expect(logged(ofADriver())).toEqual({
      type: 'Error',
      message: 'the disk is full',
      code: 'DISK_FULL',
      stack: expect.stringContaining('open-log.test'),
    });
  });

  it('says what caused it', () => {
    const { message, stack } = logged(new TypeError('a job was not kept', { cause: ofADriver() }));
    expect([message, stack]).toEqual([
      'a job was not kept: the disk is full',
      expect.stringMatching(/^TypeError: a job was not kept[^]*caused by: Error: the disk is full/),
    ]);
  });

  it('says each of several', () => {
    expect(logged(new AggregateError([ofADriver(), 'no error'], 'both failed'))).toMatchObject({
      type: 'AggregateError',
      aggregateErrors: [{ message: 'the disk is full' }, { type: 'string', message: 'no error' }],
    });
  });

  it.each([[{ secret: 'geheim' }], [['geheim']], [Object.create(null)], [null]])(
    'tells only the kind of an object that was thrown and is no error: %j',
    (thrown: unknown) => {
      expect(logged(thrown)).toEqual({ type: 'object', message: expect.stringMatching(/^\[object \w+\]$/) });
    },
  );
});
