// How the page is built, tried and served while it is written. No file of ours is inlined: the door's policy lets nothing
// run but files of this host.
import react from "@vitejs/plugin-react";
import { gzipSync } from "node:zlib";
import { defineConfig } from "vitest/config";

const FIRST_VIEW_BYTES = 200_000;

/** Fail the build where what a first visit loads, before any screen, is too large gzipped. */
function firstView() {
  return {
    name: "first-view",
    generateBundle(_, bundle) {
      const wanted = Object.values(bundle).filter((one) => one.isEntry);
      for (const one of wanted) wanted.push(...one.imports.map((name) => bundle[name]).filter((of) => !wanted.includes(of)));
      const styles = wanted.flatMap((one) => [...(one.viteMetadata?.importedCss ?? [])]).map((name) => bundle[name]);
      const parts = [...wanted.map((one) => one.code), ...styles.map((one) => one.source)];
      const bytes = parts.reduce((sum, part) => sum + gzipSync(part).length, 0);
      this.info(`first view: ${(bytes / 1000).toFixed(1)} kB gzip of at most ${FIRST_VIEW_BYTES / 1000}`);
      if (bytes > FIRST_VIEW_BYTES) this.error(`the first view has ${bytes} bytes gzip, more than ${FIRST_VIEW_BYTES}`);
    },
  };
}

// The dev server stands in for the door: its API is asked as the door's own page would, so its Origin must be the door's.
const door = process.env.REMIT_DOOR ?? "http://127.0.0.1:8420";
const proxy = {
  target: door,
  changeOrigin: true,
  configure: (server) => server.on("proxyReq", (request) => request.setHeader("origin", door)),
};

export default defineConfig({
  plugins: [react(), firstView()],
  build: {
    outDir: process.env.REMIT_PAGE ?? "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: { proxy: { "/v1": proxy, "/readyz": proxy }, strictPort: true },
  test: {
    environment: "happy-dom",
    setupFiles: "src/testing/setup.ts",
    include: ["src/**/*.test.{ts,tsx}"],
    css: { include: /tokens/ }, // the test of contrast reads them
    restoreMocks: true,
    testTimeout: 30_000,
    maxWorkers: 2,
    // One page for all files of a worker, cleaned by testing/setup.ts: making a page anew takes longer than its tests.
    pool: "threads",
    isolate: false,
  },
});
