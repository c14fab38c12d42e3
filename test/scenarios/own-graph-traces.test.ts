import { ownGraphs } from "../support/OwnGraphs.ts"
import { play } from "../support/Scenarios.ts"
import { tracedRuns } from "./TracedRuns.ts"

play("own graphs that LangChain traces", tracedRuns, ownGraphs)
