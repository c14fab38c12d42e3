import { describe, test } from "vitest"
import { play } from "../support/Scenarios.ts"
import { changingTables, missingTable } from "./ChangingTables.ts"
import { malformedScope } from "./MalformedScope.ts"
import { interruptedSync, twoStartAtOnce } from "./Replicas.ts"
import { foreignEngines, retiredAgents } from "./RetiredAgents.ts"
import { syncByHand } from "./SyncByHand.ts"
import { syncedAgents } from "./SyncedAgents.ts"
import { lookThrough, oneOrganisation, organisationScope } from "./SyncScopes.ts"

for (const generation of ["v1", "v2"] as const) {
  play(`agents become assistants, on the ${generation} tables`, syncedAgents, { generation })
  play(`agents that are no more, on the ${generation} tables`, retiredAgents, { generation })
  play(`agents that nobody has synced, on the ${generation} tables`, lookThrough, { generation, syncScope: "none" })
}
play("agents on foreign engines", foreignEngines, { generation: "v2" })
play("tables that change", changingTables)
play("a table that is missing", missingTable, {
  prepare: (database) => database.query("drop table public.agent_mcp_tools"),
  awaitSync: false
})
play("a scope of one organisation", organisationScope, { syncScope: oneOrganisation })
play("a scope that is none", malformedScope, { syncScope: "none" })
play("throughline sync", syncByHand, { syncScope: "none" })

describe("several at once", () => {
  test("two servers that start together sync once", () => twoStartAtOnce())
  test("a sync that is cut leaves no half state, and is done again", () => interruptedSync())
})
