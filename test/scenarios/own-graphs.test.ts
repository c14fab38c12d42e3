import { ownGraphs } from "../support/OwnGraphs.ts"
import { play } from "../support/Scenarios.ts"
import { ownGraphRuns } from "./OwnGraphs.ts"
import { ownGraphStates } from "./OwnGraphStates.ts"

play("own graphs", { ...ownGraphRuns, ...ownGraphStates }, ownGraphs)
