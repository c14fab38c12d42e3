import { Effect } from "effect"
import type { Principal } from "../../domain/Principal.ts"
import { GraphComponents } from "../../ports/GraphComponents.ts"
import { resolveAssistant } from "./ResolveAssistant.ts"

/** What shows the messages of a graph, by its name or by an assistant that the caller sees: pages have either. */
export const findComponents = Effect.fn("findComponents")(function*(reference: string, principal: Principal) {
  const components = yield* GraphComponents
  const graph = components.names.has(reference) ? reference : (yield* resolveAssistant(reference, principal)).graph_id
  return { graph, files: yield* components.files(graph) }
})
