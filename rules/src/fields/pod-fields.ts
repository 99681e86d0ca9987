import type { EventView, FieldValue, Read } from "../event-view.ts";
import { boundField, type Field } from "./field.ts";
import { imageReference } from "./image-reference.ts";
import { atPath, childOf, jsonText } from "./json-value.ts";

// `ka.req.pod.*`: the pod that a request asks for. Lists of the plugin k8saudit, with three of its faults mended:
// a registry's port is no tag, capabilities are single values, and the effective user comes from the security contexts.

const spec = (view: EventView): unknown => atPath(view.record(), ["requestObject", "spec"]);

function listAt(view: EventView, key: string, index: string | undefined): readonly unknown[] | undefined {
  const list = childOf(spec(view), key);
  if (!Array.isArray(list)) return undefined;
  if (index === undefined) return list;
  const one = childOf(list, index);
  return one === undefined ? undefined : [one];
}

const texts = (values: readonly unknown[]): readonly string[] | undefined => {
  const out = values.map(jsonText).filter((text) => text !== undefined);
  return out.length === 0 ? undefined : out;
};

type Pick = (container: unknown, view: EventView) => unknown;

/** `all`: a container without the value makes the field missing; `each`: it is skipped. */
function perContainer(list: string, name: string, need: "all" | "each", pick: Pick): Field {
  return boundField(
    "k8s_audit",
    `ka.req.pod.${list}.${name}`,
    "string",
    (index) => (view) => {
      const containers = listAt(view, list, index);
      if (containers === undefined) return undefined;
      const values = containers.flatMap((container) => pick(container, view) as unknown);
      if (need === "all" && values.includes(undefined)) return undefined;
      return texts(values);
    },
    { shape: "list", argument: "index", classes: ["api"] },
  );
}

const security =
  (key: string): Pick =>
  (container) =>
    atPath(container, ["securityContext", key]);

const effective =
  (key: string): Pick =>
  (container, view) =>
    atPath(container, ["securityContext", key]) ?? atPath(spec(view), ["securityContext", key]) ?? 0;

const image: Pick = (container) => childOf(container, "image");
const repository: Pick = (container) => {
  const given = childOf(container, "image");
  return typeof given === "string" ? imageReference(given).repository : undefined;
};
const hostPorts: Pick = (container) => {
  const ports = childOf(container, "ports");
  return Array.isArray(ports)
    ? ports.map((port) => childOf(port, "hostPort")).filter((port) => port !== undefined)
    : [];
};
const capabilities: Pick = (container) => {
  const added = atPath(container, ["securityContext", "capabilities", "add"]);
  return Array.isArray(added) ? added : [];
};

const containerFields = ["containers", "initContainers", "ephemeralContainers"].flatMap((list) => [
  perContainer(list, "name", "all", (container) => childOf(container, "name")),
  perContainer(list, "image", "all", image),
  perContainer(list, "image.repository", "all", repository),
  perContainer(list, "host_port", "each", hostPorts),
  perContainer(list, "privileged", "each", security("privileged")),
  perContainer(list, "allow_privilege_escalation", "each", security("allowPrivilegeEscalation")),
  perContainer(list, "read_only_fs", "each", security("readOnlyRootFilesystem")),
  perContainer(list, "run_as_user", "each", security("runAsUser")),
  perContainer(list, "eff_run_as_user", "each", effective("runAsUser")),
  perContainer(list, "run_as_group", "each", security("runAsGroup")),
  perContainer(list, "eff_run_as_group", "each", effective("runAsGroup")),
  perContainer(list, "proc_mount", "each", security("procMount")),
  perContainer(list, "add_capabilities", "each", capabilities),
]);

function scalar(name: string, read: (view: EventView) => unknown): Field {
  return boundField("k8s_audit", name, "string", () => (view) => jsonText(read(view)), { classes: ["api"] });
}

function volumes(name: string, pick: (volume: unknown) => unknown): Field {
  return boundField(
    "k8s_audit",
    `ka.req.pod.volumes.${name}`,
    "string",
    (index) => (view) => texts((listAt(view, "volumes", index) ?? []).flatMap((volume) => pick(volume) as unknown)),
    { shape: "list", argument: "index", classes: ["api"] },
  );
}

const typesOf = (volume: unknown): string[] =>
  typeof volume === "object" && volume !== null ? Object.keys(volume).filter((key) => key !== "name") : [];

/** Falco's deprecated `ka.req.container.*`: the first container's value. */
const firstContainer = (name: string, pick: Pick): Field =>
  scalar(`ka.req.container.${name}`, (view) => {
    const first = listAt(view, "containers", "0")?.[0];
    return first === undefined ? undefined : pick(first, view);
  });

function hostPathUsed(argument: string | undefined): Read {
  const wanted = argument ?? "";
  const prefix = wanted.endsWith("*") ? wanted.slice(0, -1) : undefined;
  return (view): FieldValue => {
    const list = listAt(view, "volumes", undefined);
    if (list === undefined) return undefined;
    const paths = list.map((volume) => atPath(volume, ["hostPath", "path"])).filter((path) => typeof path === "string");
    return String(paths.some((path) => (prefix === undefined ? path === wanted : path.startsWith(prefix))));
  };
}

export const podFields: readonly Field[] = [
  ...containerFields,
  scalar("ka.req.pod.host_ipc", (view) => childOf(spec(view), "hostIPC")),
  scalar("ka.req.pod.host_network", (view) => childOf(spec(view), "hostNetwork")),
  scalar("ka.req.container.host_network", (view) => childOf(spec(view), "hostNetwork")),
  scalar("ka.req.pod.host_pid", (view) => childOf(spec(view), "hostPID")),
  scalar("ka.req.pod.run_as_user", (view) => atPath(spec(view), ["securityContext", "runAsUser"])),
  scalar("ka.req.pod.run_as_group", (view) => atPath(spec(view), ["securityContext", "runAsGroup"])),
  scalar("ka.req.pod.fs_group", (view) => atPath(spec(view), ["securityContext", "fsGroup"])),
  boundField(
    "k8s_audit",
    "ka.req.pod.supplemental_groups",
    "string",
    () => (view) => {
      const groups = atPath(spec(view), ["securityContext", "supplementalGroups"]);
      return Array.isArray(groups) ? texts(groups) : undefined;
    },
    { shape: "list", classes: ["api"] },
  ),
  firstContainer("image", image),
  firstContainer("image.repository", repository),
  scalar("ka.req.container.privileged", (view) => {
    const list = listAt(view, "containers", undefined);
    return list?.some((container) => atPath(container, ["securityContext", "privileged"]) === true);
  }),
  volumes("hostpath", (volume) => atPath(volume, ["hostPath", "path"])),
  volumes("flexvolume_driver", (volume) => atPath(volume, ["flexVolume", "driver"])),
  volumes("volume_type", typesOf),
  boundField("k8s_audit", "ka.req.volume.hostpath", "string", hostPathUsed, {
    argument: "key",
    argumentRequired: true,
    classes: ["api"],
  }),
];
