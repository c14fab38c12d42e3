import { play } from "../support/Scenarios.ts"
import { protocolBounds } from "./ProtocolBounds.ts"
import { threadStreams } from "./ThreadStreams.ts"

play("the bounds of the streaming protocol", protocolBounds)
play("the runs of a thread as one stream", threadStreams)
