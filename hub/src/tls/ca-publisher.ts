import { apiPath, type KubeClient } from "@atalaya/kube";
import * as z from "zod";
import { tlsLimits } from "./limits.ts";

export type ConfigMapName = { namespace: string; name: string };
type Log = Record<"info" | "warn", (facts: object, message: string) => void>;

const configMapSchema = z.object({ data: z.record(z.string(), z.string()).default({}) });

/**
 * Keeps the hub's CA certificate in a ConfigMap of its own cluster, where the sensors' pods read what to trust: it is made
 * by the hub, so nobody else could put it there, and a hub that gets a new one tells it. The chart makes the ConfigMap
 * empty, so that the hub needs the right to change this one and none to make any.
 */
export class CaPublisher {
  readonly #client: KubeClient;
  readonly #where: ConfigMapName;
  readonly #log: Log;
  readonly #stop = new AbortController();
  #caPem: string;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: KubeClient, where: ConfigMapName, caPem: string, log: Log) {
    this.#client = client;
    this.#where = where;
    this.#caPem = caPem;
    this.#log = log;
  }

  /** Looks at once, and again every ten minutes; soon where the API server did not answer. */
  start(): void {
    void this.#look();
  }

  /** The authority is another one now. */
  changed(caPem: string): void {
    this.#caPem = caPem;
    void this.#look();
  }

  close(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    clearTimeout(this.#timer);
    const isThere = await this.#publish();
    if (this.#stop.signal.aborted) return;
    const nextMs = isThere ? tlsLimits.caLookMs : tlsLimits.caRetryMs;
    this.#timer = setTimeout(() => void this.#look(), nextMs).unref();
  }

  async #publish(): Promise<boolean> {
    const { namespace, name } = this.#where;
    const path = apiPath("api/v1/namespaces", namespace, "configmaps", name);
    const { signal } = this.#stop;
    const caPem = this.#caPem;
    try {
      const { data } = configMapSchema.parse(await this.#client.json({ path, signal }));
      if (data["ca.pem"] === caPem) return true;
      const contentType = "application/merge-patch+json";
      await this.#client.json({ method: "PATCH", path, contentType, body: { data: { "ca.pem": caPem } }, signal });
      this.#log.info({ namespace, name }, "the sensors of this cluster are told by which CA to trust this hub");
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      const why = error instanceof Error ? error.message : String(error);
      this.#log.warn(
        { namespace, name, why },
        "the hub's CA could not be told to this cluster's sensors; trying again",
      );
      return false;
    }
  }
}
