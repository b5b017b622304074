/** What has been started, to be stopped in the opposite order. A start that fails half way leaves nothing behind. */
export class Closers {
  readonly #closers: { readonly name: string; readonly close: () => Promise<void> }[] = [];
  #closing: string | null = null;

  /** What is being stopped right now; null: nothing. */
  get closing(): string | null {
    return this.#closing;
  }

  add(name: string, close: () => Promise<void>): void {
    this.#closers.push({ name, close });
  }

  /** Goes on when one fails; answers the names of those that did. */
  async closeAll(): Promise<readonly string[]> {
    const failed: string[] = [];
    for (const { name, close } of this.#closers.splice(0).reverse()) {
      this.#closing = name;
      try {
        await close();
      } catch (error) {
        failed.push(`${name} (${(error as Error).message})`);
      }
    }
    this.#closing = null;
    return failed;
  }
}
