import type { RequestContext } from '@inevitable/contract';
import { DEFAULT_LIMITS, type Limits } from './limits-settings.js';

/** What is asked of a client's document beside being valid. */
export interface DocumentRules {
  readonly limits: Limits;
  /** False: the caller is neither answered what the schema holds, nor told it by what is said of mistakes. */
  maySeeSchema(context: RequestContext): boolean;
}

export const DEFAULT_RULES: DocumentRules = Object.freeze({ limits: DEFAULT_LIMITS, maySeeSchema: () => true });
