import { Unauthenticated, type CredentialFlaw } from '@inevitable/contract';

/** A credential that does not hold. The answer is one for every flaw; `flaw` is for operators. */
export class CredentialRefused extends Unauthenticated {
  readonly flaw: CredentialFlaw;
  constructor(message: string, flaw: CredentialFlaw) {
    super(message);
    this.flaw = flaw;
  }
}
