import { describe, expect, it } from '@jest/globals';
import {
  anonymousContext,
  SubgraphUnreachable,
  TenantSuspended,
  type CredentialFlaw,
  type SecurityEvent,
} from '@inevitable/contract';
import { CredentialRefused } from './credential-refused.js';
import type { Credentials } from './credentials.js';
import { watchedCredentials } from './watched-credentials.js';

const request = anonymousContext({
  requestId: 'test',
  trace: null,
  deadline: 0,
  signal: new AbortController().signal,
  deployment: 'internal',
});

/** Credentials that fail with `error`, at once or later, and what is told of it. */
function failing(error: Error) {
  const told: [SecurityEvent, object][] = [];
  const credentials: Credentials = {
    contextOf: () => Promise.reject(error),
    keep: () =>
      Promise.resolve(() => {
        throw error;
      }),
  };
  return { told, watched: watchedCredentials(credentials, (event, facts) => void told.push([event, facts])) };
}

const refusal = (flaw: CredentialFlaw) => new CredentialRefused('It does not hold.', flaw);

describe('A credential that is refused', () => {
  it.each([
    ['an access token', 'Bearer a.b.c', 'access-token'],
    ['an API key', 'Bearer ick_dev_1_2_3', 'api-key'],
    ['no credential at all', 'Basic YTpi', 'access-token'],
  ] as const)(
    'is told of as %s, with its flaw, and goes on being refused',
    async (_what, authorization, credential) => {
      const error = refusal('malformed');
      const { told, watched } = failing(error);
      await expect(watched.contextOf(authorization, request)).rejects.toBe(error);
      expect(told).toEqual([['credential refused', { credential, reason: 'malformed', requestId: 'test' }]]);
      expect(JSON.stringify(told)).not.toContain(authorization.split(' ')[1]);
    },
  );

  it('while it is used is told of as well', async () => {
    const { told, watched } = failing(refusal('revoked'));
    const caller = await watched.keep('Bearer a.b.c', request);
    expect(() => caller(request)).toThrow('It does not hold.');
    expect(told).toMatchObject([['credential refused', { reason: 'revoked' }]]);
  });

  it('because its tenant was suspended says so', async () => {
    const { told, watched } = failing(new TenantSuspended());
    await expect(watched.contextOf('Bearer a.b.c', request)).rejects.toThrow('suspended');
    expect(told).toMatchObject([['credential refused', { reason: 'tenant-suspended' }]]);
  });

  it('is not told of where nobody could tell whether it holds', async () => {
    const { told, watched } = failing(new SubgraphUnreachable('identity', null));
    await expect(watched.contextOf('Bearer a.b.c', request)).rejects.toThrow('did not answer');
    expect(told).toEqual([]);
  });
});
