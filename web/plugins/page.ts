/** Puts script and style into the page, and writes the files of the package. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { licenceTexts } from "./licences.ts";

const VIRTUAL = "virtual:licences";
const RUNTIME = "node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm";

/** Make the licences a module that the page can show. */
export function licences(root: string): Plugin {
  return {
    name: "licences",
    resolveId: (id) => (id === VIRTUAL ? `\0${VIRTUAL}` : null),
    load: (id) => (id === `\0${VIRTUAL}` ? `export default ${JSON.stringify(licenceTexts(root))}` : null),
  };
}

/** Keep the runtime out of the script: the page carries it, compressed, in an element of its own. */
export function withoutRuntime(): Plugin {
  return {
    name: "without-runtime",
    enforce: "pre",
    transform: (code, id) =>
      id.includes("onnxruntime-web")
        ? code
            .replaceAll('new URL("ort-wasm-simd-threaded.wasm",import.meta.url)', 'new URL("runtime:")')
            .replaceAll("import.meta.url", "self.location.href")
        : null,
  };
}

/** Replace what was built by one page, the runtime and the licences. */
export function onePage(root: string): Plugin {
  return {
    name: "one-page",
    enforce: "post",
    generateBundle(_, bundle) {
      let script = "";
      let style = "";
      for (const [name, item] of Object.entries(bundle)) {
        if (item.type === "chunk" && item.isEntry) script = item.code;
        else if (name.endsWith(".css") && item.type === "asset") style = String(item.source);
        else throw new Error(`the page would need another file, ${name}`);
        delete bundle[name];
      }
      const page = readFileSync(join(root, "page.html"), "utf8")
        .replace("<!--STYLE-->", () => `<style>${style}</style>`)
        .replace("<!--SCRIPT-->", () => `<script type="module" async>${inScript(script)}</script>`);
      const runtime = gzipSync(readFileSync(join(root, RUNTIME)), { level: 9 });
      this.emitFile({ type: "asset", fileName: "page.html", source: page });
      this.emitFile({ type: "asset", fileName: "runtime.wasm.gz", source: runtime });
      this.emitFile({ type: "asset", fileName: "licences.txt", source: licenceTexts(root) });
    },
  };
}

/** Keep HTML from seeing the end of the script, or a comment, within its texts. */
function inScript(code: string): string {
  return code.replaceAll("</script", "<\\/script").replaceAll("<!--", "\\x3c!--");
}
