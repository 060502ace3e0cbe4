import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// AIRGROUND_API: the coordinator that `npm run dev` talks to.
const api = process.env["AIRGROUND_API"] ?? "http://127.0.0.1:8440";

export default defineConfig({
  plugins: [svelte()],
  base: "./",
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 1500,
  },
  server: {
    port: 27000,
    strictPort: true,
    proxy: { "/api": { target: api, ws: true } },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
