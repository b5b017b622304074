import type { ReserveFigures } from './reserve.js';
import type { RevocationFigures } from './revocation.js';
import type { SignInFigures } from './sign-in.js';
import type { TimingFigures } from './timing.js';
import type { VerificationFigures } from './verification.js';

/** Of the runs that were asked for. */
export interface Results {
  reserve?: ReserveFigures;
  verification?: VerificationFigures;
  timing?: TimingFigures;
  'sign-in'?: SignInFigures;
  revocation?: RevocationFigures;
}
