/** Says a line once, until another one, or `clear`, comes. */
export class OnceSayer {
  readonly #say: (line: string) => void;
  #last = "";

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  say(line: string): void {
    if (line !== this.#last) this.#say(line);
    this.#last = line;
  }

  /** True when something had been said. */
  clear(): boolean {
    const said = this.#last !== "";
    this.#last = "";
    return said;
  }
}
