import { play } from "../support/Scenarios.ts"
import { failedRuns } from "./FailedRuns.ts"

play("runs that fail", failedRuns)
