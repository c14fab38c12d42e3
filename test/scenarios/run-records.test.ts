import { ownGraphs } from "../support/OwnGraphs.ts"
import { play } from "../support/Scenarios.ts"
import { runRecords } from "./RunRecords.ts"

play("records of runs", runRecords, ownGraphs)
