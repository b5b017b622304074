import type { RouteHandler } from '@inevitable/kit';
import { originOf } from '../audit/origin.js';
import { requireSelf } from '../flows/accounts/require-self.js';
import { fetchArchive } from '../flows/exports/fetch-archive.js';
import { auditRefusals } from '../flows/refusals.js';
import type { IdentityService } from '../identity-service.js';

/** Finished archives, as they are read from the store. */
export const exportRoutes = ({ flows }: IdentityService): Readonly<Record<'GET /auth/exports/:id', RouteHandler>> => ({
  'GET /auth/exports/:id': async (_request, context, { id }) => {
    const self = requireSelf(context);
    const origin = originOf(context);
    const refusing = { tenantId: self.tenantId, origin, action: 'identity.fetch-archive' };
    const archive = await auditRefusals(refusing, flows, () => fetchArchive(id!, self, origin, flows));
    return new Response(archive.body, {
      headers: {
        'content-type': 'application/x-tar',
        'content-disposition': `attachment; filename="${archive.fileName}"`,
        'cache-control': 'private, no-store',
        'x-content-type-options': 'nosniff',
      },
    });
  },
});
