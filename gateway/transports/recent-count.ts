/**
 * How often something happened lately: in the half of the window that runs now and in the one before it, so in the last
 * half to whole window. Two numbers, whatever the traffic.
 */
export class RecentCount {
  readonly #halfMs: number;
  #half = 0;
  #now = 0;
  #before = 0;

  constructor(windowMs: number) {
    this.#halfMs = windowMs / 2;
  }

  add(nowMs: number): void {
    this.#turn(nowMs);
    this.#now++;
  }

  total(nowMs: number): number {
    this.#turn(nowMs);
    return this.#now + this.#before;
  }

  clear(): void {
    this.#now = this.#before = 0;
  }

  #turn(nowMs: number): void {
    const half = Math.floor(nowMs / this.#halfMs);
    if (half === this.#half) return;
    this.#before = half === this.#half + 1 ? this.#now : 0;
    this.#now = 0;
    this.#half = half;
  }
}
