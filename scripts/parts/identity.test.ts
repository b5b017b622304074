import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { FileStore } from '@inevitable/kit/host';
import { BadSetting, readSettings } from '../settings/settings.js';
import { Closers } from './closers.js';
import type { Databases } from './databases.js';
import { openIdentityParts } from './identity.js';

describe('Where customers are', () => {
  const settings = readSettings({ DEPLOYMENT_CONTEXT: 'customer' }, '/clone');

  it('core-identity is not opened without a secret, and no database is touched before', async () => {
    const databases = { prepare: () => Promise.reject(new Error('a database was opened')) } as unknown as Databases;
    const opening = openIdentityParts(
      settings,
      databases,
      [],
      'https://graph.example.com',
      {} as FileStore,
      new Closers(),
      pino({ level: 'silent' }),
    );
    await expect(opening).rejects.toThrow(BadSetting);
    await expect(opening).rejects.toThrow('STACK_SECRET must be set where DEPLOYMENT_CONTEXT is "customer"');
  });

  it('no other part has to be given it', () => expect(settings.secret).toBeUndefined());
});
