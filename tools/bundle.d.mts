export type Part = "collector" | "publisher" | "inventory" | "release" | "hub" | "cli";
export const nodeParts: readonly Part[];
export function bundle(folder?: string, parts?: readonly Part[]): Promise<string>;
export function bundleFiles(folder: string, parts: readonly Part[]): Promise<string[]>;
