import * as expected from "./expected-alerts.ts";
import { type Scenario, type ScenarioName, scenarioNames, type VictimKind } from "./scenario.ts";
import * as steps from "./steps.ts";

/** The scenario `name`, in the words that this kind of victim understands. */
export function scenario(name: ScenarioName, kind: VictimKind): Scenario {
  switch (name) {
    case "recon":
      return reconnaissance(kind);
    case "lateral-mov":
      return {
        name,
        steps: [steps.googleMetadata(kind), steps.amazonMetadata(kind), steps.azureMetadata(kind)],
        expectations: [expected.webShell, expected.metadataAccess],
      };
    case "secrets":
      return secretsGathering(kind);
    case "crypto":
      return cryptoMining(kind);
    case "webshell":
      return { name, steps: [steps.whoAmI], expectations: [expected.webShell] };
    case "ti-domain":
      return { name, steps: [steps.testDomain(kind)], expectations: [expected.threatIntelligence] };
  }
}

/** What was asked for, `all` spelled out, each once and in the order of the original. */
export function chosenScenarios(words: readonly string[]): ScenarioName[] {
  return scenarioNames.filter((name) => words.includes("all") || words.includes(name));
}

function reconnaissance(kind: VictimKind): Scenario {
  // The access review wants TLS and a POST, which busybox does not do; its alert needs a cluster anyway.
  const review = kind === "debian" ? [steps.accessReview] : [];
  return {
    name: "recon",
    steps: [steps.serviceAccountToken, ...review, steps.portScan],
    expectations: [expected.webShell, expected.serviceAccountOperation, expected.networkScan, expected.tokenAccess],
  };
}

function secretsGathering(kind: VictimKind): Scenario {
  return {
    name: "secrets",
    steps: [
      steps.searchGitCredentials,
      steps.gitCredentials,
      steps.tokenBeginning,
      steps.googleMetadata(kind),
      steps.amazonMetadata(kind),
      steps.secretVariables,
    ],
    expectations: [expected.webShell, expected.sensitiveFiles, expected.secretReconnaissance],
  };
}

function cryptoMining(kind: VictimKind): Scenario {
  return {
    name: "crypto",
    steps: [steps.msrModule, steps.preloadFile, steps.downloadMiner(kind), steps.runMiner],
    expectations: [
      expected.webShell,
      expected.cpuOptimization,
      expected.preloadAccess,
      expected.minerDownload,
      expected.drift,
      expected.mining,
    ],
  };
}
