import { readFileSync } from "node:fs";
import { defineConfig } from "vite";

// ONNX Runtime refers to its WebAssembly file, and Vite would copy it, 14 MB, into the page. The
// page loads a compressed one instead, which stands among the models.
const withoutWasm = {
  name: "without-wasm",
  generateBundle(_, bundle) {
    for (const name of Object.keys(bundle)) if (name.endsWith(".wasm")) delete bundle[name];
  },
};

// What index.html says without a script comes from the same file as all other text.
const text = {
  name: "text",
  transformIndexHtml(html) {
    const said = JSON.parse(readFileSync(new URL("src/text.json", import.meta.url), "utf-8"));
    return html.replace(/%(\w+)\.(\w+)%/g, (_, room, key) => said[room][key]);
  },
};

export default defineConfig({
  base: "./", // the page works in any folder of a site
  plugins: [text, withoutWasm],
  worker: { format: "es", plugins: () => [withoutWasm] },
  build: { modulePreload: false, target: "es2022" },
});
