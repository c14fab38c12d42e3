import { assert, describe, test } from "vitest"
import { listen } from "../../src/adapters/demo/Loopback.ts"
import { startServer } from "../support/ServerProcesses.ts"

const database = { DATABASE_URL: "postgres://127.0.0.1:9/none" }
const canary = "canary-value"

/** Settings that can't be used, and the variable that is to be named. */
const malformed: ReadonlyArray<readonly [string, Readonly<Record<string, string>>]> = [
  ["PORT", { PORT: canary }],
  ["PORT", { PORT: "70000" }],
  ["PORT", { PORT: "-1" }],
  ["DATABASE_URL", { DATABASE_URL: canary }],
  ["DATABASE_URL", { DATABASE_URL: `mysql://${canary}@host/x` }],
  ["DATABASE_POOL_SIZE", { DATABASE_POOL_SIZE: "1" }],
  ["DATABASE_POOL_SIZE", { DATABASE_POOL_SIZE: "4.5" }],
  ["SUPABASE_URL", { ...database, SUPABASE_URL: canary }],
  ["SUPABASE_URL", database],
  ["OPENAI_BASE_URL", { OPENAI_BASE_URL: `ftp://${canary}` }],
  ["LOG_LEVEL", { LOG_LEVEL: canary }],
  ["LOG_FORMAT", { LOG_FORMAT: canary }],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", { OTEL_EXPORTER_OTLP_ENDPOINT: canary }],
  ["SHUTDOWN_TIMEOUT_SECONDS", { SHUTDOWN_TIMEOUT_SECONDS: "soon" }]
]

describe.concurrent("settings that can't be used", () => {
  test.for(malformed)("%s stops the start with one line that names it: %o", async ([variable, env], { expect }) => {
    const { code, stderr, stdout } = await startServer(env).ended
    expect(code).toBe(1)
    expect(stderr.trim().split("\n")).toHaveLength(1)
    expect(stderr).toMatch(new RegExp(`^throughline: ${variable}\\b.* must be `))
    expect(stderr).not.toContain(canary)
    expect(stdout).toBe("")
  })
})

describe("a port that is taken", () => {
  test("stops the start with one line", async () => {
    const { close, origin } = await listen(() => {})
    try {
      const env = { ...database, SUPABASE_JWT_SECRET: "x".repeat(32), PORT: new URL(origin).port }
      const { code, stderr } = await startServer(env).ended
      assert.strictEqual(code, 1)
      assert.lengthOf(stderr.trim().split("\n"), 1, stderr)
      assert.include(stderr, "PORT")
    } finally {
      await close()
    }
  })
})
