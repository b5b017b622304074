import { confirmEmailChange, confirmEmailChangeInput } from '../flows/accounts/confirm-email-change.js';
import { register, registerInput } from '../flows/accounts/register.js';
import { resetPassword, resetPasswordInput } from '../flows/accounts/reset-password.js';
import { startPasswordReset, startPasswordResetInput } from '../flows/accounts/start-password-reset.js';
import { verifyEmail, verifyEmailInput } from '../flows/accounts/verify-email.js';
import type { IdentityService } from '../identity-service.js';
import { answering } from './auth-routes.js';
import { serveLinkPage } from './link-page/serve-link-page.js';
import { parseBody, readBody, readJson } from './read-json.js';

/** Sign-up and recovery with JSON bodies, the same as the mutations; and the page that links in mails lead to. */
export const accountRoutes = ({ flows }: IdentityService) => ({
  'POST /auth/register': answering('identity.register', flows, async (request, origin) =>
    register(await readJson(request, registerInput), origin, flows),
  ),
  'POST /auth/verify-email': answering('identity.verify-email', flows, async (request, origin) =>
    verifyEmail(await readJson(request, verifyEmailInput), origin, flows),
  ),
  'POST /auth/reset-password': answering('identity.reset-password', flows, async (request, origin) => {
    // One route for both halves: with `email` it asks for a link, with `token` it uses it.
    const body = await readBody(request);
    if (typeof body === 'object' && body !== null && 'email' in body)
      return startPasswordReset(parseBody(body, startPasswordResetInput), origin, flows);
    await resetPassword(parseBody(body, resetPasswordInput), origin, flows);
    return { reset: true };
  }),
  'POST /auth/change-email': answering('identity.confirm-email-change', flows, async (request, origin) =>
    confirmEmailChange(await readJson(request, confirmEmailChangeInput), origin, flows),
  ),
  'GET /auth/verify-email': serveLinkPage,
  'GET /auth/reset-password': serveLinkPage,
  'GET /auth/change-email': serveLinkPage,
});
