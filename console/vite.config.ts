import { defineConfig } from "vite"

/** While it is being worked on: where the API of `vite console` is. */
const server = process.env["THROUGHLINE_URL"] ?? "http://127.0.0.1:8081"

export default defineConfig({
  base: "/console/",
  build: {
    target: "es2022",
    emptyOutDir: true,
    // Mantine's modules say "use client", which a bundle for browsers has no use for; anything else is worth reading.
    rolldownOptions: {
      onLog: (level, log, handle) => log.code === "MODULE_LEVEL_DIRECTIVE" ? undefined : handle(level, log)
    },
    modulePreload: { polyfill: false }
  },
  server: {
    proxy: Object.fromEntries(
      ["assistants", "threads", "runs", "doctor", "demo", "info"].map((path) => [`/${path}`, server])
    )
  }
})
