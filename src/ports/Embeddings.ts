import type { Effect, Option } from "effect"
import { Context, Schema } from "effect"

/** The model that turns texts into vectors did not. Safe to show. */
export class EmbeddingFailed extends Schema.TaggedError<EmbeddingFailed>()("EmbeddingFailed", {
  reason: Schema.String
}) {
  override get message() {
    return `The embedding model failed: ${this.reason}`
  }
}

export interface EmbeddingModel {
  /** With its dimensions: vectors of one name can be compared. */
  readonly name: string
  /** Which paths of a value are embedded unless an item says otherwise. */
  readonly fields: ReadonlyArray<string>
  readonly embed: (
    texts: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<ReadonlyArray<number>>, EmbeddingFailed>
}

/** How the store tells what a text is about; none: nobody configured it. */
export class Embeddings extends Context.Service<Embeddings, Option.Option<EmbeddingModel>>()(
  "throughline/ports/Embeddings"
) {}
