import type { AuditLogState } from "@atalaya/wire";
import { collectorLimits } from "../limits.ts";

/**
 * How the reading of the audit log is: what its thread said last, unless it ended or says nothing any more, which a thread
 * that is dead or never comes to rest cannot say of itself.
 */
export class AuditLogWatch {
  readonly #tell: (state: AuditLogState) => void;
  readonly #nowMs: () => number;
  #state: AuditLogState = "starting";
  #saidMs: number;

  constructor(tell: (state: AuditLogState) => void, nowMs: () => number = () => performance.now()) {
    this.#tell = tell;
    this.#nowMs = nowMs;
    this.#saidMs = nowMs();
  }

  /** The thread says how it is, once a second. */
  said(state: AuditLogState): void {
    this.#saidMs = this.#nowMs();
    this.#become(state);
  }

  /** The thread has ended by itself; it is started again. */
  failed(): void {
    this.#become("failed");
  }

  /** Once a second: whether it still says something. */
  look(): void {
    if (this.#nowMs() - this.#saidMs > collectorLimits.auditQuietMs && this.#state !== "failed") this.#become("stuck");
  }

  #become(state: AuditLogState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#tell(state);
  }
}
