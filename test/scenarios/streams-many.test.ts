import { play } from "../support/Scenarios.ts"
import { manyStreams } from "./ManyStreams.ts"

play("many streams", manyStreams, { env: { DATABASE_POOL_SIZE: "4", RUNS_PER_ORGANISATION: "100" } })
