/** At most `running` at one time and `waiting` behind them; what comes beyond is turned away at once. */
export class Slots {
  readonly #running: number;
  readonly #waiting: number;
  readonly #queue: (() => void)[] = [];
  #active = 0;
  /** How many were turned away. */
  refused = 0;

  constructor(running: number, waiting: number) {
    this.#running = running;
    this.#waiting = waiting;
  }

  async run<T>(work: () => Promise<T>): Promise<{ ran: true; value: T } | { ran: false }> {
    if (this.#active >= this.#running) {
      if (this.#queue.length >= this.#waiting) {
        this.refused++;
        return { ran: false };
      }
      // Whoever ends hands its place over, so `#active` stays as it is.
      await new Promise<void>((turn) => this.#queue.push(turn));
    } else this.#active++;
    try {
      return { ran: true, value: await work() };
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#active--;
      else next();
    }
  }
}
