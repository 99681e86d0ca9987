// The pieces of the simulation, for the tests of the whole and for capturing samples.
export { giveOrder, type StepResult, type Target, webShellCommand } from "./src/attack/order.ts";
export {
  type Expectation,
  type Scenario,
  type ScenarioName,
  type Step,
  scenarioNames,
  type VictimKind,
} from "./src/attack/scenario.ts";
export { chosenScenarios, scenario } from "./src/attack/scenarios.ts";
export { removeAbandonedRuns, removeRun } from "./src/clean-up.ts";
export {
  type Container,
  type ContainerOptions,
  execInContainer,
  newContainerId,
  removeContainer,
  startContainer,
} from "./src/container/container.ts";
export { containerdRuntime } from "./src/container/containerd.ts";
export { runcRuntime } from "./src/container/runc.ts";
export { type ContainerRuntime, type RuntimeName, runtimeNames } from "./src/container/runtime.ts";
export { addresses } from "./src/network/addresses.ts";
export { makeNetwork, type Network, removeNetwork } from "./src/network/network.ts";
export { type StandIns, startStandIns } from "./src/network/stand-ins.ts";
export { openRunFolder, type RunFolder } from "./src/run-folder.ts";
export { type PlantedSecrets, plantSecrets } from "./src/victim/secrets.ts";
export { type Place, startAttacker, startVictim } from "./src/victim/victim.ts";
export { defaultCacheFolder, prepareVictimRoot, type RootOptions, type VictimRoot } from "./src/victim/victim-root.ts";
