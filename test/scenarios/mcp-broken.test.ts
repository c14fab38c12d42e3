import * as McpToolSource from "../../src/adapters/mcp/McpToolSource.ts"
import { play } from "../support/Scenarios.ts"
import { brokenToolServers, callPatience, patience } from "./BrokenToolServers.ts"

play("tool servers that fail", brokenToolServers, {
  swapped: () => ({ toolSource: McpToolSource.layer({ connectTimeout: patience, callTimeout: callPatience }) })
})
