import { emptyFilterPlan, type FilterPlan } from "@atalaya/wire";

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

/** The plan that stands in for the hub's: the names and domains given, else the default list and every question. */
export function planOfNames(names: readonly string[], domains: readonly string[] = []): FilterPlan {
  const isChosen = names.length + domains.length > 0;
  const watched = isChosen ? [...new Set(names)] : [...defaultWatchList];
  return {
    ...emptyFilterPlan,
    open_names: watched,
    exec_names: watched,
    write_prefixes: isChosen ? [] : writePrefixes,
    dns_domains: isChosen ? [...new Set(domains)] : ["."],
  };
}
