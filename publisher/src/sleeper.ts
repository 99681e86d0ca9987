/** Pauses that can be cut short: for good by `stop`, once by `wake`. */
export class Sleeper {
  #stopped = false;
  #end: () => void = () => {};

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Resolves after `ms`, or sooner. */
  async sleep(ms: number): Promise<void> {
    if (this.#stopped || ms <= 0) return;
    await new Promise<void>((done) => {
      const timer = setTimeout(done, ms);
      this.#end = () => {
        clearTimeout(timer);
        done();
      };
    });
    this.#end = () => {};
  }

  wake(): void {
    this.#end();
  }

  stop(): void {
    this.#stopped = true;
    this.#end();
  }
}
