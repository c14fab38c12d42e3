import { play } from "../support/Scenarios.ts"
import { runBatches } from "./RunBatches.ts"

play("batches, and what a run may be told", runBatches)
