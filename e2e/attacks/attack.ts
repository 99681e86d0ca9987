import { ruleSlug } from "@atalaya/detections";

/** How a command gets into the victim's container. */
export type Route =
  /** As www-data, through the web shell: PHP hands the text to `sh -c`. */
  | { web: string }
  /** As www-data, by a page that starts a program without a shell. */
  | { page: readonly string[] }
  /** A page of the application: nothing is started. */
  | { get: string }
  /** As root, by the runtime: what `kubectl exec` and probes do. */
  | { exec: readonly string[] }
  /** The same with all that a privileged container may do: `docker exec --privileged`. */
  | { privileged: readonly string[] }
  /**
   * As root, by a process of the container that has the node's process ids (a pod with hostPID), in the node's own image. In its
   * environment TARGET is the process id of the sensor, or of a bystander.
   */
  | { besideSensor: readonly string[]; target: "sensor" | "bystander" }
  /** The same with a terminal: `kubectl exec -it`. */
  | { terminal: readonly string[] };

/** An attack on the victim, or its harmless twin, which differs in the one fact that decides. */
export type Attack = {
  /** Of the pair; the twins have the same. */
  name: string;
  /** The rule that fires for the attack and is quiet for its twin. */
  rule: string;
  twin: "fires" | "quiet";
  route: Route;
  /** Rules that fire as well, and why they should is plain from the route. */
  also: readonly string[];
  /** What the runtime runs before, and after; not part of the attack. */
  prepare: readonly (readonly string[])[];
  tidy: readonly (readonly string[])[];
};

type Half = Route & { also?: readonly string[] };
type Around = { prepare?: readonly (readonly string[])[]; tidy?: readonly (readonly string[])[] };

/** The two entries of one pair. */
export function pair(rule: string, name: string, fires: Half, quiet: Half, around: Around = {}): Attack[] {
  const { prepare = [], tidy = [] } = around;
  const entry = (twin: Attack["twin"], { also = [], ...route }: Half): Attack => {
    return { name, rule, twin, route, also, prepare, tidy };
  };
  return [entry("fires", fires), entry("quiet", quiet)];
}

/** `drift-binary-executed/fires-copied-program`: how an entry is asked for, and where its sample lies. */
export function attackId(attack: Attack): string {
  return `${ruleSlug(attack.rule)}/${attack.twin}-${attack.name}`;
}

/** The command as somebody would type it, for people. */
export function commandText({ route }: Attack): string {
  if ("web" in route) return `http://victim/ws.php?cmd= ${route.web}`;
  if ("page" in route) return `http://victim/run.php?argv= ${words(route.page)}`;
  if ("get" in route) return `http://victim${route.get}`;
  if ("exec" in route) return `runc exec victim ${words(route.exec)}`;
  if ("privileged" in route) return `runc exec --cap ALL victim ${words(route.privileged)}`;
  if ("besideSensor" in route) return `TARGET=${route.target} ${words(route.besideSensor)}`;
  return `runc exec -t victim ${words(route.terminal)}`;
}

function words(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./*-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}
