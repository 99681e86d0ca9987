import { chmodSync, existsSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { type Container, startContainer } from "../container/container.ts";
import type { ContainerRuntime } from "../container/runtime.ts";
import { limits } from "../limits.ts";
import { addresses } from "../network/addresses.ts";
import type { Network } from "../network/network.ts";
import type { RunFolder } from "../run-folder.ts";
import { until } from "../until.ts";
import { isListening } from "./listening.ts";
import type { PlantedSecrets } from "./secrets.ts";
import { writeAttackerLayer, writeServiceAccount, writeVictimLayer } from "./victim-layer.ts";
import { phpFpmProgram, type VictimRoot } from "./victim-root.ts";

export type Place = {
  folder: RunFolder;
  runtime: ContainerRuntime;
  root: VictimRoot;
  network: Network;
  secrets: PlantedSecrets;
  /** Adds files to the victim's image, over its pages and secrets. */
  addToImage?: ((layer: string) => void) | undefined;
  signal?: AbortSignal | undefined;
};

/**
 * Starts a victim: a web server with a web shell in its pages and secrets on its disk. Resolves when it serves.
 * No shell takes part in its start, so that whatever shell runs in it later is the attack's.
 */
export async function startVictim(place: Place): Promise<Container> {
  const serviceAccount = mkdtempSync(join(place.folder.path, "serviceaccount-"));
  chmodSync(serviceAccount, 0o755);
  writeServiceAccount(serviceAccount, place.secrets.token);
  const isDebian = place.root.kind === "debian";
  const container = await startContainer({
    ...place,
    root: place.root.path,
    hostname: "victim",
    writeLayer: (layer) => {
      writeVictimLayer(layer, place.root, place.secrets);
      place.addToImage?.(layer);
    },
    binds: [{ source: serviceAccount, target: "/var/run/secrets/kubernetes.io/serviceaccount" }],
    args: isDebian ? phpFpm(place.root.path) : busyboxServer,
    // busybox hands its own environment on to the pages; php-fpm clears it and has its own list.
    env: isDebian ? [] : [`AWS_SECRET_ACCESS_KEY=${place.secrets.variable}`],
  });
  if (isDebian) {
    const socket = join(container.bundle, "rootfs/run/php-fpm.sock");
    await until("The start of php-fpm", () => existsSync(socket), limits.serversReadyMs, place.signal);
    await place.runtime.execDetached(container.id, ["/usr/sbin/nginx", "-g", "daemon off;"]);
  }
  await serves(container, addresses.victim, place.signal);
  return container;
}

/** Starts the attacker: serves its files at http://attacker/ and sends the orders. */
export async function startAttacker(place: Place): Promise<Container> {
  const container = await startContainer({
    ...place,
    root: place.root.path,
    hostname: "attacker",
    writeLayer: (layer) => writeAttackerLayer(layer, place.root),
    args: ["/bin/busybox", "httpd", "-f", "-p", `${addresses.attacker}:80`, "-h", "/srv"],
  });
  await serves(container, addresses.attacker, place.signal);
  return container;
}

const phpFpm = (root: string) => [phpFpmProgram(root), "--nodaemonize", "--fpm-config", "/etc/simulation/php-fpm.conf"];

const busyboxServer = ["/bin/httpd", "-f", "-p", `${addresses.victim}:80`, "-u", "33:33", "-h", "/var/www/html"];

async function serves(container: Container, address: string, signal?: AbortSignal): Promise<void> {
  const ready = () => isListening(container.pid, address, 80);
  await until(`The start of the web server at ${address}`, ready, limits.serversReadyMs, signal);
}
