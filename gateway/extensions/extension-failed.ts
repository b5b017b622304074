import { OperatorError } from '@inevitable/contract';
import type { GatewayExtension } from './gateway-extension.js';

/** A hook threw. The client learns only that we failed; the log has whose hook it was. */
export class ExtensionFailed extends OperatorError {
  readonly code = 'INTERNAL';
  constructor({ name }: GatewayExtension, hook: keyof GatewayExtension, cause: unknown) {
    super(`Extension "${name}" failed in ${hook}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
