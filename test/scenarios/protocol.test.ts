import { play } from "../support/Scenarios.ts"
import { askingTools } from "./InterruptedRuns.ts"
import { protocol } from "./Protocol.ts"
import { protocolQuestions } from "./ProtocolQuestions.ts"
import { protocolStops } from "./ProtocolStops.ts"

play("the streaming protocol", protocol)
play("the streaming protocol where tools come to nothing", protocolStops)
play("the streaming protocol with a person in the loop", protocolQuestions, {
  swapped: () => ({ toolSource: askingTools })
})
