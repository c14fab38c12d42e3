import { Schema } from "effect"

/** What a person says, as chat pages send it. */
export const question = (text: string) => ({ messages: [{ role: "user", content: text }] })

const Message = Schema.Struct({
  id: Schema.optionalKey(Schema.NullOr(Schema.String)),
  type: Schema.String,
  content: Schema.Unknown,
  status: Schema.optionalKey(Schema.String),
  name: Schema.optionalKey(Schema.NullOr(Schema.String))
})

const stateOf = Schema.decodeUnknownSync(
  Schema.Struct({
    messages: Schema.optionalKey(Schema.Array(Message)),
    __interrupt__: Schema.optionalKey(Schema.Array(Schema.Unknown))
  })
)

/** The messages of a state, flat as the contract wants them: anything else throws. */
export const messagesOf = (values: unknown) => stateOf(values).messages ?? []

/** A conversation as one reads it: `human: …`, `ai: …`, `tool: …`. */
export const said = (values: unknown): ReadonlyArray<string> =>
  messagesOf(values).map(({ content, type }) =>
    `${type}: ${typeof content === "string" ? content : JSON.stringify(content)}`
  )

/** What waits for a person, if the graph does. */
export const interruptsOf = (values: unknown) => stateOf(values).__interrupt__

const failure = Schema.decodeUnknownSync(
  Schema.Struct({ __error__: Schema.Struct({ error: Schema.String, message: Schema.String }) })
)

/** How a failed run is answered where its values would be. */
export const failureOf = (answer: unknown) => failure(answer).__error__
