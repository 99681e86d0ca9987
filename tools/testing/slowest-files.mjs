// A reporter of node:test that says at the end which files took longest: where the next saving is.
const shown = 12;

// biome-ignore lint/style/noDefaultExport: node:test takes a reporter as a default export
export default async function* slowestFiles(source) {
  const files = [];
  for await (const { type, data } of source) {
    if (type === "test:summary" && data.file !== undefined) files.push([data.duration_ms / 1000, data.file]);
  }
  const slowest = files.sort(([a], [b]) => b - a).slice(0, shown);
  for (const [seconds, file] of slowest)
    yield `slowest: ${seconds.toFixed(1)} s ${file.replace(`${process.cwd()}/`, "")}\n`;
}
