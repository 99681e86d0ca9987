/** Whether frames may go to the hub. Closed without an identity, and while it is revoked. */
export class Gate {
  #waiting: (() => void)[] = [];
  #identified = false;
  #revoked = false;
  #stopped = false;

  get isOpen(): boolean {
    return this.#stopped || (this.#identified && !this.#revoked);
  }

  get isRevoked(): boolean {
    return this.#revoked;
  }

  /** A new identity: it was not revoked yet. */
  identified(): void {
    this.#identified = true;
    this.setRevoked(false);
  }

  setRevoked(revoked: boolean): void {
    this.#revoked = revoked;
    this.#wake();
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  /** Resolves when it is open, or all is stopped. */
  async opened(): Promise<void> {
    while (!this.isOpen) await new Promise<void>((done) => this.#waiting.push(done));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
