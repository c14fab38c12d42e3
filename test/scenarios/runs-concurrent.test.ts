import { play } from "../support/Scenarios.ts"
import { concurrentRuns } from "./ConcurrentRuns.ts"

play("runs of one thread", concurrentRuns)
