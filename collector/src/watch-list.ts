import { addedWords, emptyFilterPlan, type FilterPlan } from "@atalaya/wire";
import { fileChanges } from "./file-changes.ts";
import { rareCalls } from "./rare-calls.ts";

/** What `--stdout` watches without a hub: names whose opening, or refused start, tends to matter. */
export const defaultWatchList: readonly string[] = [
  "shadow",
  "gshadow",
  "sudoers",
  "token",
  "ld.so.preload",
  "authorized_keys",
  "id_rsa",
  "id_ed25519",
  "credentials",
  "config.json",
  ".dockerconfigjson",
  "kubeconfig",
  "admin.conf",
  "docker.sock",
  "containerd.sock",
  "environ",
  "msr",
  "nr_hugepages",
];

const writePrefixes = ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/etc/cron", "/root/.ssh/"];

/** Not the set*id calls: every session's start makes some. */
const defaultCalls = [
  ...["dup", "bind", "listen", "accept", "socket", "cgroup_move", "exec_env", "connect_failed"],
  addedWords.containerMounts,
  ...rareCalls.filter((call) => !call.startsWith("set") || call === "setns"),
];

/** What is to be reported, as the command line says it. */
export type Chosen = {
  names?: readonly string[] | undefined;
  domains?: readonly string[] | undefined;
  calls?: readonly string[] | undefined;
};

/** The plan that stands in for the hub's: the names, domains and calls given, else the default list, every question and call. */
export function planOfNames(chosen: Chosen): FilterPlan {
  const { names = [], domains = [], calls = [] } = chosen;
  const isChosen = names.length + domains.length + calls.length > 0;
  const watched = isChosen ? [...new Set(names)] : [...defaultWatchList];
  return {
    ...emptyFilterPlan,
    open_names: watched,
    exec_names: watched,
    socket_names: watched,
    change_names: watched,
    listed_changes: [...fileChanges],
    change_prefixes: isChosen ? [] : writePrefixes,
    write_prefixes: isChosen ? [] : writePrefixes,
    dns_domains: isChosen ? [...new Set(domains)] : ["."],
    calls: [...new Set(isChosen ? calls : defaultCalls)],
  };
}
