import { defineConfig } from "vitest/config";
import { localStack } from "./dev.ts";

// Relative addresses throughout: the app lies under /app/, or under /live/app/ where there is no domain of its own.
export default defineConfig({
  base: "./",
  plugins: [localStack()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 200,
  },
  test: { environment: "node", include: ["test/**/*.test.ts"] },
});
