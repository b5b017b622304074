import { isUuid } from '@inevitable/kit';
import type { Tenant } from '../../generated/prisma/client.js';
import type { IdentityContext } from '../identity-context.js';

/** The caller's own tenant; null for any other, for an unknown id and for one that is no id. */
export const findTenant = async ({ db }: IdentityContext, id: string): Promise<Tenant | null> =>
  isUuid(id) ? db.tenant.findFirst({ where: { id } }) : null;
