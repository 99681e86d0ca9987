import type { Component } from "./sbom/cyclonedx.ts";

/** What the build inside the base image is told (`contents.json`, beside the files that it lays out). */
export type Contents = {
  image: string;
  version: string;
  /** Below `atalaya/`: what is loaded into the process, and so must find its libraries. */
  loaded: string[];
  /** What is in the bundles and beside them, from the lock file. */
  components: Component[];
};
