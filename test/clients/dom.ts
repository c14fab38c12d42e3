import { JSDOM } from "jsdom"
import type { Environment } from "vitest/runtime"

/**
 * A document for React, and nothing more: a whole browser's globals (jsdom's own `Uint8Array`, `AbortController`) would
 * come between Node and what stands beside the page here, such as the database and the model.
 */
export default {
  name: "dom",
  viteEnvironment: "ssr",
  setup: (global) => {
    const { window } = new JSDOM("", { url: "http://chat.localhost/" })
    Object.assign(global, { window, document: window.document })
    return { teardown: () => window.close() }
  }
} satisfies Environment
