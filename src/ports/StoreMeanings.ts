import type { Effect, Option } from "effect"
import { Context } from "effect"
import type { EmbeddingFailed } from "./Embeddings.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

/** What has become of a batch of items that another model had embedded. */
export interface RenewedItems {
  /** Where the next batch begins. */
  readonly last: string
  readonly renewed: number
  /** Which the model would not take: they stay as they are. */
  readonly refused: number
}

/** What items of the store are about, kept in step with the operator's embedding model. Whose they are is not asked. */
export class StoreMeanings extends Context.Service<StoreMeanings, {
  /**
   * Embeds anew what another model has embedded: at most a batch, by id, after the one given. `none`: there is nothing
   * more, or nothing to embed it with. Fails if the model takes none of them.
   */
  readonly renew: (
    after: Option.Option<string>,
    batch: number
  ) => Effect.Effect<Option.Option<RenewedItems>, EmbeddingFailed | StorageUnavailable>
}>()("throughline/ports/StoreMeanings") {}
