import { testMongoUrl } from '@inevitable/kit/testing';
import { openMongoJobDatabase } from '../../support/mongo-job-database.js';
import { describeLostConnections } from './describe-lost-connections.js';

// A cable leads to one host, and has to read what goes through it.
if (!/^mongodb:\/\/[^,/]+(\/|$)/.test(testMongoUrl()) || /[?&](tls|ssl)=true/.test(testMongoUrl()))
  throw new Error('This needs a MONGODB_URI of one host without TLS, or none: its connections are cut and swallowed.');

describeLostConnections('MongoDB', () => openMongoJobDatabase(), { listener: /getMore[^]*wakes/, jobs: 90 });
