import { createRequire } from "node:module";

/** This build's version. */
export const publisherVersion = (createRequire(import.meta.url)("../package.json") as { version: string }).version;
