import { join } from "node:path";
import { defineConfig } from "vite";
import { licences, onePage, withoutRuntime } from "./plugins/page.ts";

const root = import.meta.dirname;

export default defineConfig({
  root,
  plugins: [licences(root), withoutRuntime(), onePage(root)],
  // Pages that are opened as files may not start workers that are modules.
  worker: { format: "iife", plugins: () => [withoutRuntime()] },
  build: {
    target: "es2022",
    outDir: join(root, "../src/simulgenvae/explorer/assets"),
    emptyOutDir: true,
    reportCompressedSize: false,
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: { input: join(root, "src/main.ts") },
  },
});
