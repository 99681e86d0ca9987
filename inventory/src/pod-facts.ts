import { field, list, number, type Open, part, text, told } from "./fields.ts";
import { inventoryLimits } from "./limits.ts";

const roles = [
  ["app", "containers", "containerStatuses"],
  ["init", "initContainers", "initContainerStatuses"],
  ["ephemeral", "ephemeralContainers", "ephemeralContainerStatuses"],
] as const;

/** Where a pod is, how it is, and what of its node it shares. Never its environment, arguments or volumes' contents. */
export function podFacts(object: unknown): Open {
  const [spec, status] = [part(object, "spec"), part(object, "status")];
  const containers = containersOf(spec, status);
  return told({
    phase: text(status, "phase"),
    reason: text(status, "reason"),
    ip: text(status, "podIP"),
    priority_class: text(spec, "priorityClassName"),
    runtime_class: text(spec, "runtimeClassName"),
    host_access: hostAccess(spec, containers),
    containers,
  });
}

/** Containers of a pod's spec, or of a template, where no status is. */
export function containersOf(spec: Open, status: Open = {}): Open[] {
  const all = roles.flatMap(([role, specs, statuses]) => {
    const states = new Map(list(status, statuses).map((one) => [field(one, "name"), one]));
    return list(spec, specs).flatMap((one) => {
      const name = text(one, "name");
      const state = name === undefined ? undefined : states.get(name);
      return name === undefined ? [] : [containerOf(name, role, one, state)];
    });
  });
  return all.slice(0, inventoryLimits.containersMax);
}

function containerOf(name: string, role: string, spec: unknown, state: unknown): Open {
  return told({
    name,
    role,
    image: text(spec, "image") ?? text(state, "image") ?? "",
    image_digest: /sha256:[0-9a-f]{64}/.exec(text(state, "imageID") ?? "")?.[0],
    container_id: text(state, "containerID")?.replace(/^[a-z0-9-]+:\/\//, ""),
    privileged: field(part(spec, "securityContext"), "privileged") === true,
    restarts: number(state, "restartCount") || undefined,
  });
}

function hostAccess(spec: Open, containers: readonly Open[]): string[] {
  const shares = (name: string) => field(spec, name) === true;
  return [
    ...(shares("hostNetwork") ? ["network"] : []),
    ...(shares("hostPID") ? ["pid"] : []),
    ...(shares("hostIPC") ? ["ipc"] : []),
    ...(list(spec, "volumes").some((volume) => field(volume, "hostPath") != null) ? ["path"] : []),
    ...(containers.some((container) => container["privileged"] === true) ? ["privileged"] : []),
  ];
}
