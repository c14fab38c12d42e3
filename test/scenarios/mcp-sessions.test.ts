import { play } from "../support/Scenarios.ts"
import { toolSessions } from "./ToolSessions.ts"

play("tool servers' sessions", toolSessions)
