import { play } from "../support/Scenarios.ts"
import { rejoinedStreams } from "./RejoinedStreams.ts"

play("streams that are joined", rejoinedStreams)
