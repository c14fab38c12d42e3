import { play } from "../support/Scenarios.ts"
import { calledAgents } from "./CalledAgents.ts"

play("agents that call agents", calledAgents, { generation: "v2" })
