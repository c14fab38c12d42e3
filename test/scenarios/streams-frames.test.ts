import { play } from "../support/Scenarios.ts"
import { streams } from "./Streams.ts"

play("streams", streams)
