import { ownGraphs } from "../support/OwnGraphs.ts"
import { play } from "../support/Scenarios.ts"
import { assistantVersions } from "./AssistantVersions.ts"

play("assistants over time", assistantVersions, ownGraphs)
