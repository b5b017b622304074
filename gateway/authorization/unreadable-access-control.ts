import { OperatorError } from '@inevitable/contract';

/** The supergraph says who may see what in a way that is not understood. It must not be served. */
export class UnreadableAccessControl extends OperatorError {
  readonly code = 'INTERNAL';
  constructor(reason: string) {
    super(`The supergraph's access control cannot be read: ${reason} Nothing is served from such a supergraph.`);
  }
}
