import { ownGraphs } from "../support/OwnGraphs.ts"
import { play } from "../support/Scenarios.ts"
import { threadLives } from "./ThreadLives.ts"

play("how threads begin, are found and end", threadLives, ownGraphs)
