import { Config, Data, Effect, Option, Redacted, Schema } from "effect"
import { InvalidSetting } from "../InvalidSetting.ts"

class ServerSays extends Data.TaggedError("ServerSays")<{ readonly url: string; readonly what: string }> {
  override get message() {
    return `${this.url}: ${this.what}`
  }
}

const decodeRefusal = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({ detail: Schema.Json })))

const refusal = (status: number, body: string): string => {
  const detail = Option.map(
    decodeRefusal(body),
    ({ detail }) => typeof detail === "string" ? detail : JSON.stringify(detail)
  )
  return `HTTP ${status}${Option.match(detail, { onNone: () => "", onSome: (text) => `: ${text}` })}`
}

const environmentToken = Effect.gen(function*() {
  return yield* Config.option(Config.Redacted("THROUGHLINE_TOKEN"))
}).pipe(Effect.mapError(() => new InvalidSetting({ variable: "THROUGHLINE_TOKEN", expected: "a text" })))

/** The token of whoever is to look: given, or in the environment, where no list of processes shows it. */
const givenToken = (given: Option.Option<Redacted.Redacted<string>>) =>
  Option.isSome(given) ? Effect.succeed(given) : environmentToken

const reason = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}

/** Posts to a running server as the token's person; what it answers has to be what this program's server answers. */
export const askServer = Effect.fnUntraced(function*<A, I>(request: {
  readonly url: string
  readonly token: Option.Option<Redacted.Redacted<string>>
  /** With its slash. */
  readonly path: string
  readonly body: string
  readonly answer: Schema.Codec<A, I>
}) {
  if (!URL.canParse(request.url)) return yield* new InvalidSetting({ variable: "--url", expected: "a URL" })
  const given = yield* givenToken(request.token)
  if (Option.isNone(given)) {
    const expected = "a token of whoever is to look"
    return yield* new InvalidSetting({ variable: "--token (or THROUGHLINE_TOKEN)", expected })
  }
  const url = request.url.replace(/\/+$/, "")
  const says = (what: string) => new ServerSays({ url, what })
  const { status, text } = yield* Effect.tryPromise({
    try: async (signal) => {
      const response = await fetch(`${url}${request.path}`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${Redacted.value(given.value)}` },
        body: request.body,
        signal
      })
      return { status: response.status, text: await response.text() }
    },
    catch: (error) => says(reason(error))
  })
  if (status !== 200) return yield* says(refusal(status, text))
  return yield* Schema.decodeUnknownEffect(Schema.fromJsonString(request.answer))(text).pipe(
    Effect.mapError(() => says("does not answer as this program's server does"))
  )
})
