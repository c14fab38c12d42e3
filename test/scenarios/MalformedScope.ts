import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { syncedIn } from "../support/Agents.ts"
import { startNode } from "../support/Processes.ts"
import type { Scenarios } from "../support/Scenarios.ts"

/** In a world where nothing is synced. */
export const malformedScope = {
  "it is warned of, nothing is synced, and the server serves": async (world) => {
    const server = startNode(["src/app/throughline.ts", "start"], {
      DATABASE_URL: world.databaseUrl,
      SUPABASE_JWT_SECRET: world.secret,
      PORT: "0",
      AGENT_SYNC_SCOPE: "all,org:42"
    })
    try {
      await world.until("its sync", () => server.output.stdout.includes("Startup sync summary:"))
      assert.match(server.output.stdout, /"WARN".*AGENT_SYNC_SCOPE is malformed|AGENT_SYNC_SCOPE is malformed.*"WARN"/)
      assert.include(server.output.stdout, "Startup sync summary: total=0 created=0")
      assert.notInclude(server.output.stdout, "org:42", "what was written is not repeated")
      assert.deepEqual(await syncedIn(world.database), [])
      const [, url = ""] = /Listening at (http:[^"]*)/.exec(server.output.stdout) ?? []
      const authorization = `Bearer ${world.token("member")}`
      assert.strictEqual((await fetch(`${url}/assistants/${agents.recht}`, { headers: { authorization } })).status, 200)
    } finally {
      server.kill("SIGTERM")
    }
    assert.strictEqual((await server.ended).code, 0)
  }
} satisfies Scenarios
