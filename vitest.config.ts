import { defineConfig } from "vitest/config"

const project = (name: string, extra: object = {}) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], ...extra }
})

/**
 * Everything but the domain needs a Postgres: one server for each project, a database of its own for each file. What is
 * to take no longer than so long says so itself: these are for what hangs, on a machine that is busy with others too.
 */
const withPostgres = { globalSetup: ["test/support/postgres-server.ts"], testTimeout: 120_000, hookTimeout: 180_000 }

/** The console as its sources are, built. */
const withConsole = { ...withPostgres, globalSetup: [...withPostgres.globalSetup, "test/support/built-console.ts"] }

/** React's hooks in a document. */
const withDocument = { ...withPostgres, environment: "./test/clients/dom.ts" }

/**
 * When a thread's history is refused, the hooks of LangGraph's SDKs show it, and leave the rejection to whoever finds it:
 * in a browser that is a line in the console.
 */
const isLeftByHooks = ({ message, stack }: { readonly message: string; readonly stack?: string | undefined }) =>
  message.startsWith("HTTP 404: ") && /langgraph-sdk.*async_caller/.test(stack ?? "")

export default defineConfig({
  test: {
    maxWorkers: 2,
    expect: { poll: { timeout: 30_000 } },
    onUnhandledError: (error) => !isLeftByHooks(error),
    projects: [
      project("domain"),
      project("contracts", withPostgres),
      project("scenarios", withPostgres),
      project("clients", withDocument),
      project("browser", withConsole)
    ]
  }
})
