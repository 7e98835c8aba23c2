/** Licences of the libraries that are bundled. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Manifest {
  version: string;
  license?: string;
  dependencies?: Record<string, string>;
}

/** Libraries of libraries that are bundled. The others belong to parts that are left out. */
const CONTAINED = ["fflate", "iobuffer", "onnxruntime-common"];

/** Return the texts of all libraries that the page contains. */
export function licenceTexts(root: string): string {
  const main = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  const names = [...Object.keys(main.dependencies ?? {}), ...CONTAINED].sort();
  const texts = names.map((name) => {
    const folder = join(root, "node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
    const title = `${name} ${version} (${license ?? "see below"})`;
    return `${title}\n${"=".repeat(title.length)}\n\n${textOf(root, name, folder)}\n`;
  });
  return texts.join("\n");
}

function textOf(root: string, name: string, folder: string): string {
  const own = ["LICENSE", "LICENSE.md", "LICENSE.txt"].map((file) => join(folder, file));
  // Packages that leave out the text of their licence.
  const kept = join(root, "licences", `${name.replace("/", "+")}.txt`);
  const path = [...own, kept].find((each) => existsSync(each));
  if (!path) throw new Error(`the licence of ${name} is missing: put it into web/licences`);
  return readFileSync(path, "utf8").trim();
}
