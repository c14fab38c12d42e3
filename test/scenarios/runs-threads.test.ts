import { play } from "../support/Scenarios.ts"
import { threadHistories } from "./ThreadHistories.ts"

play("threads and their runs", threadHistories)
