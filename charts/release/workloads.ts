import { apiPath, type KubeClient, listObjects } from "@atalaya/kube";
import * as z from "zod";

// Of a workload, only what is needed to see whether its pods are as they should be (apps/v1).

const daemonSetSchema = z.object({
  metadata: z.object({ generation: z.number() }),
  spec: z.object({
    template: z.object({
      spec: z.object({ containers: z.array(z.object({ args: z.array(z.string()).default([]) })) }),
    }),
  }),
  status: z.object({
    observedGeneration: z.number().default(0),
    desiredNumberScheduled: z.number().default(0),
    updatedNumberScheduled: z.number().default(0),
    numberReady: z.number().default(0),
  }),
});
const deploymentSchema = z.object({
  metadata: z.object({ generation: z.number() }),
  spec: z.object({ replicas: z.number().default(1) }),
  status: z.object({
    observedGeneration: z.number().default(0),
    replicas: z.number().default(0),
    updatedReplicas: z.number().default(0),
    readyReplicas: z.number().default(0),
  }),
});

/** How many pods there should be, and how many of the newest form are ready. */
export type Progress = { name: string; wanted: number; ready: number; isDone: boolean };

export class Workloads {
  readonly #client: KubeClient;
  readonly #namespace: string;

  constructor(client: KubeClient, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
  }

  async daemonSet(name: string): Promise<Progress & { args: string[] }> {
    const { metadata, spec, status } = daemonSetSchema.parse(await this.#get("daemonsets", name));
    const wanted = status.desiredNumberScheduled;
    const ready = Math.min(status.numberReady, status.updatedNumberScheduled);
    const isDone = status.observedGeneration >= metadata.generation && ready >= wanted;
    return { name, wanted, ready, isDone, args: spec.template.spec.containers[0]?.args ?? [] };
  }

  async deployment(name: string): Promise<Progress> {
    const { metadata, spec, status } = deploymentSchema.parse(await this.#get("deployments", name));
    const ready = Math.min(status.readyReplicas, status.updatedReplicas);
    // Too many is not done either: what is told to go has to be gone.
    const isDone =
      status.observedGeneration >= metadata.generation && ready >= spec.replicas && status.replicas <= spec.replicas;
    return { name, wanted: spec.replicas, ready, isDone };
  }

  async patch(kind: "daemonsets" | "deployments", name: string, operations: readonly object[]): Promise<void> {
    await this.#client.json({
      method: "PATCH",
      path: this.#path(kind, name),
      contentType: "application/json-patch+json",
      body: operations,
    });
  }

  /** All pods of the release's name, each as the API server gives it. */
  async *pods(): AsyncGenerator<unknown> {
    const path = apiPath("api/v1/namespaces", this.#namespace, "pods");
    const labelSelector = "app.kubernetes.io/name=atalaya";
    for await (const pod of listObjects(this.#client, { path, labelSelector })) if (pod.ok) yield pod.value;
  }

  async #get(kind: "daemonsets" | "deployments", name: string): Promise<unknown> {
    return await this.#client.json({ path: this.#path(kind, name) });
  }

  #path(kind: string, name: string): string {
    return apiPath("apis/apps/v1/namespaces", this.#namespace, kind, name);
  }
}
