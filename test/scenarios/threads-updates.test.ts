import { ownGraphs } from "../support/OwnGraphs.ts"
import { play } from "../support/Scenarios.ts"
import { stateUpdates } from "./StateUpdates.ts"
import { stateViews } from "./StateViews.ts"

play("states that are written, and states that are shown", { ...stateUpdates, ...stateViews }, ownGraphs)
