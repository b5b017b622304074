import { joinByInvitation, joinByInvitationInput } from '../flows/members/join-by-invitation.js';
import type { IdentityService } from '../identity-service.js';
import { answering } from './auth-routes.js';
import { serveLinkPage } from './link-page/serve-link-page.js';
import { readJson } from './read-json.js';

/** For invited people without an account, the same as the mutation; and the page that their link leads to. */
export const invitationRoutes = ({ flows }: IdentityService) => ({
  'POST /auth/invitation': answering('identity.join-by-invitation', flows, async (request, origin) => {
    const { email, membership } = await joinByInvitation(await readJson(request, joinByInvitationInput), origin, flows);
    return { email, tenantSlug: membership.slug };
  }),
  'GET /auth/invitation': serveLinkPage,
});
