import { ownGraphs } from "../support/OwnGraphs.ts"
import { play } from "../support/Scenarios.ts"
import { branches, streamModes } from "./StreamModes.ts"

play("what runs stream", streamModes, ownGraphs)
play("going back on a thread", branches, ownGraphs)
