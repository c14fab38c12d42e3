import { play } from "../support/Scenarios.ts"
import { crons } from "./Crons.ts"

play("crons", crons)
