import type { Saturation } from './find-saturation.js';
import type { RateFigures } from './measure-rate.js';

export interface Figures {
  /** Of this machine, for all processes. */
  readonly cores: number;
  /** null: the rate was given. */
  readonly saturation: Saturation | null;
  readonly measured: RateFigures;
  /** Of the stack, afterwards. */
  readonly rssMb: number;
}
