import { Effect, Layer, Option, Redacted } from "effect"
import * as EmbeddingModels from "../../src/adapters/langgraph/EmbeddingModels.ts"
import { layer as outboundLayer } from "../../src/adapters/outbound/GuardedFetch.ts"
import { type EmbeddingModel, Embeddings } from "../../src/ports/Embeddings.ts"
import { defaultStoreOptions, StoreSettings } from "../../src/ports/StoreSettings.ts"
import { startEmbeddingProvider } from "../support/EmbeddingProvider.ts"

export const key = "sk-embedding-canary"

export const provider = Effect.acquireRelease(
  Effect.promise(startEmbeddingProvider),
  ({ close }) => Effect.promise(close)
)

interface Wanted {
  readonly url: string
  readonly embed?: string
  readonly dims: number
  readonly fields?: ReadonlyArray<string>
  readonly apiKey?: Option.Option<Redacted.Redacted<string>>
}

/** The store's embedding model as a server has it whose langgraph.json names one. */
export const embeddingModel = (
  { apiKey = Option.some(Redacted.make(key)), dims, embed = "openai:text-embedding-3-small", fields = ["$"], url }:
    Wanted
): Effect.Effect<EmbeddingModel> =>
  Embeddings.pipe(
    Effect.map(Option.getOrThrow),
    Effect.provide(
      EmbeddingModels.layer({ openai: { apiKey, baseUrl: Option.some(url) } }).pipe(
        Layer.provide(outboundLayer({ allow: [] })),
        Layer.provide(
          Layer.succeed(StoreSettings, { ...defaultStoreOptions, index: Option.some({ embed, dims, fields }) })
        )
      )
    )
  )
