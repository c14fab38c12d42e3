import { defineConfig } from "vitest/config"

const project = (name: string, extra: object = {}) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], ...extra }
})

/** Everything but the domain needs a Postgres: one server for the whole run, a database of its own for each file. */
const withPostgres = { globalSetup: ["test/support/postgres-server.ts"], testTimeout: 30_000, hookTimeout: 60_000 }

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      project("domain"),
      project("contracts", withPostgres),
      project("scenarios", withPostgres)
    ]
  }
})
