import { describe, expect, it } from '@jest/globals';
import { FilesUnavailable, JobCancelled, JobTookTooLong, NotEntitled, QuotaExceeded, RunLost } from '@inevitable/kit';
import { RenderTooSlow } from '../../rendering/render-platform.js';
import { TemplateFailed } from '../../rendering/template-failed.js';
import { reasonForGood, reasonGivenUp } from './failure-reason.js';

describe('Why a generation was given up', () => {
  it.each([
    [new FilesUnavailable('full', 'ENOSPC in /data'), 'The store for artifacts is full.'],
    [new FilesUnavailable('refused', 'EACCES in /data'), 'The store for artifacts did not take it.'],
    [new FilesUnavailable('unreachable', 'connect ECONNREFUSED'), 'The store for artifacts could not be reached.'],
    [new JobTookTooLong('60000 ms'), 'It took longer than a generation may take, each time it was tried.'],
    [new RunLost('gone'), 'It was begun several times and never ended: its worker stopped in the middle.'],
    [new JobCancelled('It was cancelled.'), 'Somebody cancelled it.'],
    [
      new TypeError("Cannot read properties of undefined (reading 'x')"),
      'Something failed on our side each time it was tried. Try again later, or ask those who run this stack.',
    ],
  ])('is said in words, without what only an operator understands: %s', (error, words) => {
    expect(reasonGivenUp(error)).toBe(`${words} The quota was given back.`);
  });
});

describe('Why a generation fails at once', () => {
  it('is a template that is too slow the second time it is tried: the first time the machine may have been busy', () => {
    expect(reasonForGood(new RenderTooSlow(15_000), 1)).toBeNull();
    expect(reasonForGood(new RenderTooSlow(15_000), 2)).toBe('The template takes longer than 15 seconds to render.');
  });

  it.each([
    [new TemplateFailed('a.txt, line 3: no such variable'), 'a.txt, line 3: no such variable'],
    [
      new QuotaExceeded('platformforge.platforms', 200, new Date('2026-12-01T00:00:00Z')),
      'The quota of 200 platforms was used up when its turn came. The next period begins at 2026-12-01T00:00:00.000Z.',
    ],
    [new NotEntitled('platformforge.platforms'), 'The plan did not include platforms any more when its turn came.'],
    [new FilesUnavailable('full', 'ENOSPC'), null],
    [new Error('connection terminated'), null],
  ])('is what no other attempt would mend: %s', (error, reason) => {
    expect(reasonForGood(error, 1)).toBe(reason);
  });
});
