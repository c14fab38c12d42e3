import { play } from "../support/Scenarios.ts"
import { visibleAssistants } from "./VisibleAssistants.ts"

for (const generation of ["v1", "v2"] as const) {
  play(`who sees which assistant, on the ${generation} tables`, visibleAssistants, { generation })
}
