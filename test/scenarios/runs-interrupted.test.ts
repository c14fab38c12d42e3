import { play } from "../support/Scenarios.ts"
import { askingTools, interruptedRuns } from "./InterruptedRuns.ts"

play("runs that wait for a person", interruptedRuns, { swapped: () => ({ toolSource: askingTools }) })
