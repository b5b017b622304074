/**
 * Sends an item at once where nothing of its key is on its way. What comes meanwhile waits, and goes together, at most `most`
 * at a time, in the order in which it came. `send` answers for each item; where it fails, all who went together are told.
 */
export function gathered<Item, Answer>(
  most: number,
  send: (items: readonly Item[]) => Promise<readonly Answer[]>,
): (key: string, item: Item) => Promise<Answer> {
  interface Waiting {
    readonly item: Item;
    readonly resolve: (answer: Answer) => void;
    readonly reject: (reason: unknown) => void;
  }
  const queues = new Map<string, Waiting[]>();

  async function sendAll(key: string, queue: Waiting[]): Promise<void> {
    while (queue.length > 0) {
      const together = queue.splice(0, most);
      try {
        const answers = await send(together.map(({ item }) => item));
        for (const [index, { resolve }] of together.entries()) resolve(answers[index]!);
      } catch (error) {
        for (const { reject } of together) reject(error);
      }
      // Whoever asks again on hearing the answer is among the next, and not one statement later. Alone nobody waits for that.
      if (together.length > 1 || queue.length > 0) await new Promise(setImmediate);
    }
    queues.delete(key);
  }

  return (key, item) =>
    new Promise((resolve, reject) => {
      const queue = queues.get(key);
      if (queue) return void queue.push({ item, resolve, reject });
      const first = [{ item, resolve, reject }];
      queues.set(key, first);
      void sendAll(key, first);
    });
}
