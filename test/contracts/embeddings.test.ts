import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { embeddingModel, key, provider } from "./embedding-world.ts"

describe("Embeddings", () => {
  it.live("ask the operator's endpoint with the server's key, for all texts at once", () =>
    Effect.gen(function*() {
      const { asked, dimensions, url } = yield* provider
      const model = yield* embeddingModel({ url, dims: dimensions })
      const [law, soup] = yield* model.embed(["tenant law", "soup"])
      assert.deepStrictEqual(law?.map(Math.round), [1, 1, 0, 0, 0, 0, 0])
      assert.deepStrictEqual(soup?.map(Math.round), [0, 0, 0, 0, 0, 1, 0])
      assert.lengthOf(asked, 1)
      assert.deepInclude(asked[0], { authorization: `Bearer ${key}`, path: "/v1/embeddings" })
      assert.deepInclude(asked[0]?.body, { model: "text-embedding-3-small", dimensions, input: ["tenant law", "soup"] })
    }))

  it.live("say what failed, without the key", () =>
    Effect.gen(function*() {
      const { dimensions, failWith, url } = yield* provider
      failWith(`Incorrect API key provided: ${key}`)
      const model = yield* embeddingModel({ url, dims: dimensions })
      const failure = yield* Effect.flip(model.embed(["law"]))
      assert.strictEqual(failure._tag, "EmbeddingFailed")
      assert.include(failure.message, "Incorrect API key")
      assert.notInclude(failure.message, key)
    }))

  it.live("are refused if they are not what the operator has said, or can't be had", () =>
    Effect.gen(function*() {
      const { asked, dimensions, url } = yield* provider
      const fixed = yield* embeddingModel({ url, dims: dimensions + 1, embed: "openai:text-embedding-ada-002" })
      assert.include((yield* Effect.flip(fixed.embed(["law"]))).message, "store.index.dims")
      assert.lengthOf(asked, 1)
      const foreign = yield* embeddingModel({ url, dims: dimensions, embed: "cohere:embed-v4" })
      assert.include((yield* Effect.flip(foreign.embed(["law"]))).message, "openai:<model>")
      const keyless = yield* embeddingModel({ url, dims: dimensions, apiKey: Option.none() })
      assert.include((yield* Effect.flip(keyless.embed(["law"]))).message, "OPENAI_API_KEY")
      assert.lengthOf(asked, 1)
    }))
})
