import { Context } from "effect"
import type { AssistantId } from "../domain/Assistant.ts"

/** The default assistant of each graph of this server, by the graph's name. */
export class GraphDefaults extends Context.Service<GraphDefaults, ReadonlyMap<string, AssistantId>>()(
  "throughline/ports/GraphDefaults"
) {}
