import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The hub's Content-Security-Policy forbids inline scripts: nothing may be inlined into index.html, fonts stay files.
// biome-ignore lint/style/noDefaultExport: Vite reads the default export.
export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../build/web",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
