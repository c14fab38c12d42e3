import { Schema } from "effect"
import { listen } from "../../src/adapters/demo/Loopback.ts"

const decode = Schema.decodeUnknownSync(Schema.Struct({
  model: Schema.String,
  input: Schema.Array(Schema.String),
  dimensions: Schema.optionalKey(Schema.Int),
  encoding_format: Schema.optionalKey(Schema.String)
}))

export interface AskedForEmbeddings {
  readonly authorization: string
  readonly path: string
  readonly body: ReturnType<typeof decode>
}

/** Texts that share these are near to each other. */
const topics = ["law", "tenant", "rent", "cat", "dog", "soup", "bread"]

const embedding = (text: string, dimensions: number): ReadonlyArray<number> =>
  Array.from({ length: dimensions }, (_, at) => text.includes(topics[at] ?? "\0") ? 1 : 0.01)

const encoded = (vector: ReadonlyArray<number>, format: string | undefined) =>
  format === "base64" ? Buffer.from(new Float32Array(vector).buffer).toString("base64") : vector

/** A provider of embeddings as OpenAI is one, on loopback; it tells what it was asked. */
export const startEmbeddingProvider = async () => {
  const asked: Array<AskedForEmbeddings> = []
  let refusal: string | undefined
  let refused: string | undefined
  const { close, origin } = await listen(async (request, response) => {
    const chunks: Array<Buffer> = []
    for await (const chunk of request) chunks.push(chunk)
    const body = decode(JSON.parse(Buffer.concat(chunks).toString()))
    asked.push({ authorization: request.headers.authorization ?? "", path: request.url ?? "", body })
    const { dimensions = topics.length, encoding_format, input, model } = body
    const data = input.map((text, index) => ({
      object: "embedding",
      index,
      embedding: encoded(embedding(text, dimensions), encoding_format)
    }))
    const unwanted = refused
    const wrong = unwanted !== undefined && input.some((text) => text.includes(unwanted)) ? unwanted : refusal
    const answer = wrong === undefined
      ? { object: "list", data, model, usage: { prompt_tokens: 0, total_tokens: 0 } }
      : { error: { message: wrong } }
    response.writeHead(wrong === undefined ? 200 : 400, { "content-type": "application/json" })
      .end(JSON.stringify(answer))
  })
  return {
    asked,
    close,
    dimensions: topics.length,
    url: `${origin}/v1`,
    /** From now on it refuses in these words. */
    failWith: (words: string | undefined) => {
      refusal = words
    },
    /** From now on it refuses texts that contain this. */
    refuse: (text: string | undefined) => {
      refused = text
    }
  }
}
