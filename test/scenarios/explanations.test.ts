import { ownGraphs } from "../support/OwnGraphs.ts"
import { play } from "../support/Scenarios.ts"
import { explainByHand } from "./ExplainByHand.ts"
import { explainedAgents, explainedOwnGraphs } from "./ExplainedAgents.ts"
import { explainedModels } from "./ExplainedModels.ts"
import { explainedServers } from "./ExplainedServers.ts"
import { explanations } from "./Explanations.ts"

play("what a run would get", { ...explanations, ...explainedModels, ...explainedServers })
play("what a run would get, by hand", explainByHand)
play("what a run would get, on the v2 tables", explainedAgents, { generation: "v2" })
play("what a run would get, beside own graphs", explainedOwnGraphs, ownGraphs)
