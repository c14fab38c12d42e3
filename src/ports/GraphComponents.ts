import type { Effect } from "effect"
import { Context, Schema } from "effect"

/** What a page loads to show a graph's components: a script, and styles if they have any. */
export interface ComponentFile {
  readonly name: string
  readonly contents: Uint8Array
}

export class ComponentsNotFound extends Schema.TaggedError<ComponentsNotFound>()("ComponentsNotFound", {
  graph: Schema.String,
  /** There should be some, but they could not be built: why is for the operator, and in the log. */
  unbuilt: Schema.optionalKey(Schema.Boolean)
}) {
  override get message() {
    const graph = JSON.stringify(this.graph)
    return this.unbuilt === true
      ? `UI of agent ${graph} failed to build; the server's log says why`
      : `UI not found for agent ${graph}`
  }
}

/** Components that show, in a page, what a graph has pushed. They are the operator's, and the same for everybody. */
export class GraphComponents extends Context.Service<GraphComponents, {
  /** Whose there are: graphs, as a rule. */
  readonly names: ReadonlySet<string>
  /** Waits for what is still being built. */
  readonly files: (graph: string) => Effect.Effect<ReadonlyArray<ComponentFile>, ComponentsNotFound>
}>()("throughline/ports/GraphComponents") {}
