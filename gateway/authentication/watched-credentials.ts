import { requestInLog, TenantSuspended, type AnonymousRequest, type SecurityEventSink } from '@inevitable/contract';
import { CredentialRefused } from './credential-refused.js';
import { isApiKey, type Credentials } from './credentials.js';

/** `credentials`, whose refusals are security events. What could not be decided is none. */
export function watchedCredentials(credentials: Credentials, securityEvent: SecurityEventSink): Credentials {
  const tell = (error: unknown, authorization: string, request: AnonymousRequest): never => {
    const flaw =
      error instanceof CredentialRefused ? error.flaw : error instanceof TenantSuspended ? 'tenant-suspended' : null;
    const credential = isApiKey(authorization) ? 'api-key' : 'access-token';
    if (flaw) securityEvent('credential refused', { credential, reason: flaw, ...requestInLog(request) });
    throw error;
  };
  return {
    contextOf(authorization, request) {
      const context = credentials.contextOf(authorization, request);
      return context instanceof Promise
        ? context.catch((error: unknown) => tell(error, authorization, request))
        : context;
    },
    async keep(authorization, first) {
      const caller = await credentials
        .keep(authorization, first)
        .catch((error: unknown) => tell(error, authorization, first));
      return (request) => {
        try {
          return caller(request);
        } catch (error) {
          return tell(error, authorization, request);
        }
      };
    },
  };
}
