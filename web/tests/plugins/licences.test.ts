import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { licenceTexts } from "../../plugins/licences";

const ROOT = join(import.meta.dirname, "../..");
const RUNTIME = join(ROOT, "node_modules/onnxruntime-web");
const TEXTS = licenceTexts(ROOT);

describe("the licences", () => {
  it("have the notices of the runtime's version", () => {
    const { version } = JSON.parse(readFileSync(join(RUNTIME, "package.json"), "utf8")) as { version: string };
    expect(TEXTS, "take them from ThirdPartyNotices.txt in its Python package").toContain(`ONNX Runtime ${version} `);
  });

  it("name the projects whose folders the binary names", () => {
    const binary = readFileSync(join(RUNTIME, "dist/ort-wasm-simd-threaded.wasm"), "latin1");
    const projects = new Set([...binary.matchAll(/_deps\/(\w+)-src/g)].map(([, name]) => name.replace("_", "-")));
    expect(projects.size).toBeGreaterThan(3);
    for (const project of projects) expect(TEXTS).toMatch(new RegExp(`_____\n\n(\\w+/)?${project}\n`));
  });
});
