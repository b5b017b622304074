import { Unauthenticated, type UserId } from '@inevitable/contract';
import { Refusal } from '../refusals.js';

/** What a link carries does not hold. No answer says whether it is unknown, used, too old, or void by now. */
export class LinkRefused extends Unauthenticated {
  constructor() {
    super('This link does not work any more. Ask for a new one.');
  }
}

/** Thrown within `auditRefusals`. `userId`: whose link it was; `reason`: for the audit alone. */
export const linkRefused = (userId?: UserId, reason = 'an unknown, used, old or void link'): Refusal =>
  new Refusal(new LinkRefused(), reason, userId && { type: 'User', id: userId });
