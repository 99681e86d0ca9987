import type { AlertSummary } from "@atalaya/wire/api";

export type WherePart = { name: string; text: string; main: boolean };

/** Where an alert happened, from the outside in, in names where names are known; the one that matters is `main`. */
export function wherePath({ where, source }: Pick<AlertSummary, "where" | "source">): WherePart[] {
  const parts: WherePart[] = [];
  const add = (name: string, text: string | undefined, main = false) => {
    if (text !== undefined && text !== "") parts.push({ name, text, main });
  };
  add("cluster", where.cluster);
  if (source === "k8s_audit") {
    add("namespace", where.namespace);
    add("resource", where.resource);
    add("object", where.object_name, true);
    return parts;
  }
  if (where.pod !== undefined) {
    add("namespace", where.namespace);
    add("pod", where.pod, true);
    add("container", where.container_name);
    return parts;
  }
  add("node", where.node);
  const id = where.container_id;
  add("container", where.container_name ?? (id === undefined || id === "host" ? id : shortId(id)), true);
  return parts;
}

/** The first twelve characters of a 64-digit id, as every container tool prints it; a given name stays whole. */
export function shortId(id: string): string {
  return /^[0-9a-f]{32,}$/.test(id) ? id.slice(0, 12) : id;
}
