import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Beside the page: which files of other people's packages are in it, for the bill of materials of what ships it. */
const listModules: Plugin = {
  name: "list-modules",
  writeBundle(_options, bundle) {
    const code = Object.values(bundle).flatMap((file) => {
      if (file.type !== "chunk") return [];
      return Object.entries(file.modules).flatMap(([id, { renderedLength }]) => (renderedLength > 0 ? [id] : []));
    });
    // Styles and fonts are no part of a chunk's code.
    const styles = [...this.getModuleIds()].filter((id) => !/\.[cm]?[jt]sx?(\?|$)/.test(id));
    const paths = [...code, ...styles].map((id) => /node_modules\/[^?\0]+/.exec(id)?.[0]);
    const named = [...new Set(paths.filter((one) => one !== undefined))].sort();
    const file = fileURLToPath(new URL("../build/web.modules.json", import.meta.url));
    writeFileSync(file, `${JSON.stringify(named, null, 1)}\n`);
  },
};

// The hub's Content-Security-Policy forbids inline scripts: nothing may be inlined into index.html, fonts stay files.
// biome-ignore lint/style/noDefaultExport: Vite reads the default export.
export default defineConfig({
  plugins: [react(), listModules],
  build: {
    outDir: "../build/web",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
