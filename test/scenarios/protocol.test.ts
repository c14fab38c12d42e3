import { play } from "../support/Scenarios.ts"
import { askingTools } from "./InterruptedRuns.ts"
import { protocol } from "./Protocol.ts"
import { protocolQuestions } from "./ProtocolQuestions.ts"

play("the streaming protocol", protocol)
play("the streaming protocol with a person in the loop", protocolQuestions, {
  swapped: () => ({ toolSource: askingTools })
})
