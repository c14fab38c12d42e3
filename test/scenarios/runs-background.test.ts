import { play } from "../support/Scenarios.ts"
import { backgroundRuns } from "./BackgroundRuns.ts"

play("runs in the background", backgroundRuns)
