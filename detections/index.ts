export { builtInPacks } from "./src/built-in-packs.ts";
export { ruleSlug, type Sample, samplesOf } from "./src/samples.ts";
