/**
 * The file of a thread that lies beside its user (`beside` is the user's `import.meta.url`): TypeScript in development,
 * in a package the JavaScript that tools/bundle.mjs made of it.
 */
export function threadFile(name: string, beside: string): URL {
  return new URL(`./${name}${beside.endsWith(".ts") ? ".ts" : ".js"}`, beside);
}
