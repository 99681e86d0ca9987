/** By key, what is done one after another: each act begins when the one before it is over, whatever came of that. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Gives what the act gives, and throws what it throws. */
  async take<T>(key: string, act: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const turn = before.then(act);
    const over = turn.catch(() => undefined);
    this.#last.set(key, over);
    void over.then(() => this.#last.get(key) === over && this.#last.delete(key));
    return turn;
  }
}
