import { absentField, actorField, type Field } from "./field.ts";
import { imageReference } from "./image-reference.ts";
import { mountFields } from "./mount-fields.ts";

// Falco's `container.*` and `k8s.*`, and what is ours alone, `atalaya.*`.

/** Falco shows the first twelve characters; `container.full_id` has all. */
const shortId = (id: string | null): string | null => (id === null ? null : id.slice(0, 12));

export const containerFields: readonly Field[] = [
  actorField("container.id", "string", (event) => shortId(event.container_id)),
  actorField("container.full_id", "string", (event) => event.container_id),
  actorField("container.name", "string", (event) => (event.container_id === "host" ? "host" : event.container_name)),
  actorField("container.type", "string", (event) => (event.container_id === "host" ? "host" : event.container_runtime)),
  actorField("container.runtime", "string", (event) => event.container_runtime),
  actorField("container.image", "string", (event) => event.container_image),
  actorField("container.image.repository", "string", (event) =>
    event.container_image === null ? null : imageReference(event.container_image).repository,
  ),
  actorField("container.image.tag", "string", (event) =>
    event.container_image === null ? null : (imageReference(event.container_image).tag ?? null),
  ),
  actorField("container.image.digest", "string", (event) =>
    event.container_image === null ? null : (imageReference(event.container_image).digest ?? null),
  ),
  actorField("container.privileged", "boolean", (event) => event.container_privileged),
  actorField("k8s.ns.name", "string", (event) => event.k8s_namespace),
  actorField("k8s.pod.name", "string", (event) => event.k8s_pod),
  actorField("k8s.pod.uid", "string", (event) => event.k8s_pod_uid),
  absentField("k8s.pod.id"),
  absentField("k8s.pod.ip"),
  absentField("k8s.pod.labels"),
  absentField("k8s.pod.label", "string", { argument: "key" }),
  absentField("k8s.pod.sandbox_id"),
  absentField("k8s.pod.full_sandbox_id"),
  absentField("k8s.deployment.name"),
  absentField("k8s.rs.name"),
  absentField("k8s.svc.name"),
  absentField("k8s.rc.name"),
  absentField("container.info"),
  absentField("container.image.id"),
  absentField("container.image.full_id"),
  ...mountFields,
  absentField("container.label", "string", { argument: "key" }),
  absentField("container.labels"),
  absentField("container.ip"),
  absentField("container.cni.json"),
  absentField("container.start_ts", "number"),
  absentField("container.created_time", "number"),
  absentField("container.duration", "number"),
  absentField("container.healthcheck"),
  absentField("container.liveness_probe"),
  absentField("container.readiness_probe"),
  actorField("atalaya.container.reason", "string", (event) => event.container_reason),
  actorField("atalaya.container.bundle", "string", (event) => event.container_bundle),
  actorField(
    "atalaya.path_trusted",
    "boolean",
    (event) => (event.class === "file" || event.class === "process" ? event.path_trusted : null),
    { classes: ["file", "process"] },
  ),
  actorField("atalaya.pid_start_us", "number", (event) => event.start_us),
];
