// An audit log as an API server writes it: real lines, rotated by renaming.
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname } from "node:path";

const begin = Date.parse("2026-11-26T04:00:00.000Z");

/** One line of the log: a finished request. */
export function auditLine(auditId: string, more: Record<string, unknown> = {}): string {
  const record = {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Metadata",
    auditID: auditId,
    stage: "ResponseComplete",
    requestURI: "/api/v1/namespaces/default/pods",
    verb: "list",
    user: { username: "maria" },
    objectRef: { resource: "pods", namespace: "default", apiVersion: "v1" },
    responseStatus: { code: 200 },
    stageTimestamp: new Date().toISOString(),
    ...more,
  };
  return `${JSON.stringify(record)}\n`;
}

export class AuditLogWriter {
  readonly path: string;
  #written = 0;
  #rotations = 0;

  constructor(path: string) {
    this.path = path;
    mkdirSync(dirname(path), { recursive: true });
  }

  /** Ids of all requests so far. */
  get ids(): string[] {
    return Array.from({ length: this.#written }, (_, n) => `request-${n + 1}`);
  }

  write(count: number): void {
    let text = "";
    for (let i = 0; i < count; i++) text += auditLine(`request-${++this.#written}`);
    appendFileSync(this.path, text);
  }

  /** As the API server does: under the time's name, and a new file in its place. */
  rotate(): string {
    const time = new Date(begin + ++this.#rotations).toISOString().slice(0, -1).replaceAll(":", "-");
    const extension = extname(this.path);
    const to = `${this.path.slice(0, -extension.length)}-${time}${extension}`;
    renameSync(this.path, to);
    writeFileSync(this.path, "", { flag: "wx" });
    return to;
  }

  remove(path: string): void {
    rmSync(path);
  }
}
