/** Longer than any condition takes; without it a test that waits in vain would hang the whole run. */
const WITHIN_MS = 45_000;
/** Between two looks: long enough to leave the machine to what is waited for. */
const LOOK_EVERY_MS = 20;

/** Looks until it is true; a test waits for a condition, never for a time. Throws an Error that says what did not come. */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  withinMs: number = WITHIN_MS,
): Promise<void> {
  const giveUpAt = Date.now() + withinMs;
  while (!(await looked(isTrue))) {
    if (Date.now() > giveUpAt) throw new Error(`Not within ${withinMs / 1_000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** Not there yet and not true yet are the same. */
async function looked(isTrue: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return await isTrue();
  } catch {
    return false;
  }
}
