/** One at a time, in the order in which they asked: two lists at once would take twice the memory. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when it is the asker's turn; the given function ends it. */
  async take(): Promise<() => void> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    return resolve;
  }
}
