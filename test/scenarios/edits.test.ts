import { playOnTwo } from "../support/ReplicaServers.ts"
import { edits } from "./Edits.ts"
import { editsUnderLoad } from "./EditsUnderLoad.ts"

for (const generation of ["v1", "v2"] as const) {
  playOnTwo(`an edit between two messages, each on another server, on the ${generation} tables`, {
    ...edits(generation),
    ...(generation === "v2" ? editsUnderLoad : {})
  }, { generation, env: { AGENT_SYNC_SCOPE: "none" } })
}
