import type { SecurityEventSink } from '@inevitable/contract';
import type { GatewayExtension } from '../extensions/gateway-extension.js';
import { watchedExtension } from './watched-extension.js';

export interface ProtectionParts {
  readonly securityEvent: SecurityEventSink;
}

/**
 * What stands before an operation is run, in the order in which it is asked: what is cheap to say first, what waits last.
 * What it refuses is a security event.
 */
export function protection({ securityEvent }: ProtectionParts): readonly GatewayExtension[] {
  const extensions: readonly GatewayExtension[] = [];
  return extensions.map((extension) => watchedExtension(extension, securityEvent));
}
