import { Layer } from "effect"
import { layer } from "../../src/adapters/mcp/McpToolSource.ts"
import * as GuardedFetch from "../../src/adapters/outbound/GuardedFetch.ts"
import { askingBeside } from "../support/AskingTools.ts"
import { play } from "../support/Scenarios.ts"
import { askingSubruns, crowdedSubruns, onePlace, stoppedSubruns, timedOutSubruns } from "./StoppedSubruns.ts"

play("agents that are called where there is room for one", crowdedSubruns, { generation: "v2", env: onePlace })
play("agents that are called and stopped", stoppedSubruns, { generation: "v2" })
play("agents that are called and take too long", timedOutSubruns, {
  generation: "v2",
  env: { RUN_TIMEOUT_SECONDS: "6" }
})

const tools = askingBeside(layer().pipe(Layer.provide(GuardedFetch.layer({ allow: [] }))))
play("agents that are called and ask", askingSubruns, { generation: "v2", swapped: () => ({ toolSource: tools }) })
