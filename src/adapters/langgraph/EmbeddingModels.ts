import { Effect, Layer, Option, Redacted } from "effect"
import { EmbeddingFailed, type EmbeddingModel, Embeddings } from "../../ports/Embeddings.ts"
import { Outbound } from "../../ports/Outbound.ts"
import { StoreSettings } from "../../ports/StoreSettings.ts"
import { redact } from "./Failures.ts"
import type { ModelOptions } from "./Models.ts"

/** Nobody waits longer for a search. */
const patience = "30 seconds"

/** Models that were made before one could choose the dimensions. */
const fixedDimensions = /^text-embedding-ada/

const failed = (reason: string) => new EmbeddingFailed({ reason })

/** The store's embedding model, with the server's own key and at the operator's endpoint: no caller chooses either. */
export const layer = (providers: Pick<ModelOptions, "openai">) =>
  Layer.effect(
    Embeddings,
    Effect.gen(function*() {
      const outbound = yield* Outbound
      const { index } = yield* StoreSettings
      if (Option.isNone(index)) return Option.none<EmbeddingModel>()
      const { dims, embed: written, fields } = index.value
      const [provider, model = ""] = written.split(/:(.*)/s)
      const { apiKey, baseUrl } = providers.openai

      const unusable = provider !== "openai" || model === ""
        ? "store.index.embed must be openai:<model>"
        : Option.isNone(apiKey)
        ? "OPENAI_API_KEY is not set on the server"
        : undefined
      if (unusable !== undefined) yield* Effect.logWarning(`The store cannot be searched by meaning: ${unusable}`)

      const client = yield* Effect.cached(Effect.promise(async () => {
        const { OpenAIEmbeddings } = await import("@langchain/openai")
        return new OpenAIEmbeddings({
          model,
          apiKey: Option.match(apiKey, { onNone: () => "", onSome: Redacted.value }),
          maxRetries: 2,
          ...(fixedDimensions.test(model) ? {} : { dimensions: dims }),
          // Said in any case, or LangChain would look for it in environment variables that we do not document.
          configuration: {
            baseURL: Option.getOrElse(baseUrl, () => "https://api.openai.com/v1"),
            fetch: outbound.trusted
          }
        })
      }))

      return Option.some<EmbeddingModel>({
        name: `${written}/${dims}`,
        fields,
        embed: Effect.fn("Embeddings.embed")(function*(texts) {
          if (unusable !== undefined) return yield* failed(unusable)
          const made = yield* client
          const vectors = yield* Effect.tryPromise({
            try: () => made.embedDocuments([...texts]),
            catch: (error) =>
              failed(
                redact(
                  error instanceof Error ? error.message : String(error),
                  Option.toArray(apiKey).map(Redacted.value)
                )
              )
          }).pipe(
            Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(failed(`no answer in ${patience}`)) })
          )
          const wrong = vectors.find((vector) => vector.length !== dims)
          if (wrong !== undefined || vectors.length !== texts.length) {
            return yield* failed(`it gave ${wrong?.length ?? 0} dimensions where store.index.dims says ${dims}`)
          }
          return vectors
        })
      })
    })
  )
