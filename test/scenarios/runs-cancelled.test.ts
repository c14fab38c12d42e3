import { play } from "../support/Scenarios.ts"
import { cancelledRuns } from "./CancelledRuns.ts"

play("runs that are stopped", cancelledRuns)
