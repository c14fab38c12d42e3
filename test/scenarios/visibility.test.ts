import { play } from "../support/Scenarios.ts"
import { assistantIds } from "./AssistantIds.ts"
import { membership, memberships } from "./Membership.ts"
import { personalAgents } from "./PersonalAgents.ts"
import { privateThreads } from "./PrivateThreads.ts"
import { visibleAssistants } from "./VisibleAssistants.ts"

for (const generation of ["v1", "v2"] as const) {
  play(`who sees which assistant, on the ${generation} tables`, visibleAssistants, { generation })
}

play("whose id an assistant has", assistantIds)
play("whose id an assistant has, before anything is synced", assistantIds, { syncScope: "none" })
play("whose agent it is", personalAgents, { generation: "v2" })
play("whose thread it is", privateThreads)

const { pass, swapped } = await memberships()
play("who belongs to an organisation", membership(pass), { swapped })
