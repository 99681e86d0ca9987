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
} from "@atalaya/simulator";

/** Makes victim and attacker in a network of their own, runs `use`, and removes all of it. */
export async function withVictim<T>(use: (victim: Container, attacker: Container) => Promise<T>): Promise<T> {
  await removeAbandonedRuns();
  const root = await prepareVictimRoot();
  const folder = await openRunFolder();
  try {
    const network = await makeNetwork(folder.name);
    const secrets = plantSecrets();
    const standIns = await startStandIns(network, secrets.metadata, secrets.token);
    try {
      const place = { folder, runtime: runcRuntime(folder), root, network, secrets };
      return await use(await startVictim(place), await startAttacker(place));
    } finally {
      await standIns.stop();
    }
  } finally {
    await removeRun(folder);
  }
}
