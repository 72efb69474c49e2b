import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vite";

/** The files that the first build left: the service worker keeps exactly these, under a name made of their contents. */
function shell(): { files: string[]; version: string } {
  const files = readdirSync("dist", { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "sw.js")
    .map((entry) => join(entry.parentPath, entry.name).slice("dist/".length).replaceAll("\\", "/"))
    .sort();
  const hash = createHash("sha256");
  for (const file of files) hash.update(file).update(readFileSync(join("dist", file)));
  return { files, version: hash.digest("hex").slice(0, 16) };
}

const { files, version } = shell();

export default defineConfig({
  define: { __FILES__: JSON.stringify(files), __VERSION__: JSON.stringify(version) },
  publicDir: false,
  build: {
    target: "es2022",
    emptyOutDir: false,
    lib: { entry: "src/sw.ts", formats: ["iife"], name: "sw", fileName: () => "sw.js" },
  },
});
