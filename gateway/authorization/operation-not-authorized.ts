import { CallerError, type Caller } from '@inevitable/contract';

/** The operation asks for what its caller may not see, and is not run. Says where (`extensions.paths`), and not why. */
export class OperationNotAuthorized extends CallerError {
  readonly code: 'UNAUTHENTICATED' | 'UNAUTHORIZED_FIELD_OR_TYPE';
  override readonly details: { readonly paths: readonly string[] };
  /** `paths`: response names from the root, joined by dots. */
  constructor(caller: Caller, paths: readonly string[]) {
    const isAnonymous = caller.kind === 'anonymous';
    super(
      isAnonymous
        ? 'Sign in first: parts of this operation are protected.'
        : 'You may not see all that this operation asks for.',
    );
    this.code = isAnonymous ? 'UNAUTHENTICATED' : 'UNAUTHORIZED_FIELD_OR_TYPE';
    this.details = { paths };
  }
}
