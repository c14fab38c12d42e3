import { play } from "../support/Scenarios.ts"
import { askingTools, interruptedRuns } from "./InterruptedRuns.ts"
import { ponderingTools, stoppedAnswers } from "./StoppedAnswers.ts"

play("runs that wait for a person", interruptedRuns, { swapped: () => ({ toolSource: askingTools }) })
play("answers that are stopped", stoppedAnswers, { swapped: () => ({ toolSource: ponderingTools }) })
