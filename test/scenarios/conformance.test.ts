import { afterAll, assert, beforeAll, describe, test } from "vitest"
import { conformanceEnv } from "../../scripts/conformance/OwnServer.ts"
import { playRow } from "../../scripts/conformance/Play.ts"
import { groups, suite } from "../../scripts/conformance/Suite.ts"
import { startWebhooks } from "../../scripts/conformance/Webhooks.ts"
import type { Server } from "../../scripts/conformance/World.ts"
import { agents } from "../../src/adapters/demo/World.ts"
import { startThroughline, type Throughline } from "../support/Throughline.ts"

let throughline: Throughline
let webhooks: Awaited<ReturnType<typeof startWebhooks>>
let server: Server

beforeAll(async () => {
  webhooks = await startWebhooks()
  throughline = await startThroughline({ env: conformanceEnv })
  server = {
    url: throughline.url,
    tokens: {
      user: throughline.token("member"),
      other: throughline.token("otherOrganisation"),
      admin: throughline.token("admin")
    },
    toolAssistant: agents.recht,
    hook: webhooks.hook,
    has: new Set(["model", "tool", "other", "admin", "webhooks"])
  }
})
afterAll(async () => {
  await throughline.stop()
  await webhooks.close()
})

/** What takes a minute is for whoever asks for it: `npm run conformance -- --slow`. */
const rows = suite.filter(({ slow }) => slow !== true)

describe.each(["1", "2"] as const)("stock clients, SDK %s", { timeout: 240_000 }, (sdk) => {
  describe.each(groups)("%s", (group) => {
    test.concurrent.for(rows.filter((row) => row.group === group).map((row) => [row.name, row] as const))(
      "%s",
      async ([, row]) => {
        const { outcome, why } = await playRow(server, sdk, row)
        assert.strictEqual(outcome, "passed", why)
      }
    )
  })
})
