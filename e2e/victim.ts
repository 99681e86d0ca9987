import {
  type Container,
  makeNetwork,
  openRunFolder,
  plantSecrets,
  prepareVictimRoot,
  removeAbandonedRuns,
  removeRun,
  runcRuntime,
  startAttacker,
  startStandIns,
  startVictim,
  type VictimRoot,
} from "@atalaya/simulator";

/**
 * Makes victim and attacker in a network of their own, runs `use`, and removes all of it. `addToImage` puts files into
 * the victim's image; it is given the image's last layer and the root below it.
 */
export async function withVictim<T>(
  use: (victim: Container, attacker: Container) => Promise<T>,
  addToImage?: (layer: string, root: VictimRoot) => void,
): Promise<T> {
  await removeAbandonedRuns();
  const root = await prepareVictimRoot();
  const folder = await openRunFolder();
  try {
    const network = await makeNetwork(folder.name);
    const secrets = plantSecrets();
    const standIns = await startStandIns(network, secrets.metadata, secrets.token);
    try {
      const place = { folder, runtime: runcRuntime(folder), root, network, secrets };
      const victim = await startVictim({ ...place, addToImage: (layer) => addToImage?.(layer, root) });
      return await use(victim, await startAttacker(place));
    } finally {
      await standIns.stop();
    }
  } finally {
    await removeRun(folder);
  }
}
