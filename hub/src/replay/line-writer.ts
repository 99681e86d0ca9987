import { replayLimits } from "./limits.ts";

/** Writes lines to standard output in blocks, and waits for whoever reads them. */
export class LineWriter {
  #block = "";
  /** The reader went away (`| head`): there is nobody to go on for. */
  closed = false;

  constructor() {
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      this.closed = true;
    });
  }

  async line(text: string): Promise<void> {
    this.#block += `${text}\n`;
    if (this.#block.length >= replayLimits.writeBytes) await this.flush();
  }

  async flush(): Promise<void> {
    const block = this.#block;
    this.#block = "";
    if (block === "" || this.closed) return;
    await new Promise<void>((resolve) => {
      process.stdout.write(block, () => resolve());
    });
  }
}
