import { Effect, Layer } from "effect"
import { environment } from "./Config.ts"
import { langgraphJson } from "./LanggraphJson.ts"

/** A langgraph.json's `env`, for the process as a whole: graphs read it where they always do. What is set already stays. */
const adopt = Effect.map(langgraphJson, ({ env }) => {
  for (const [name, value] of Object.entries(env)) process.env[name] ??= value
})

/** The environment that this process was started in, and what its langgraph.json adds to it. */
export const processEnvironment = Layer.unwrap(Effect.map(adopt, () => environment(process.env))).pipe(
  Layer.provide(environment(process.env))
)
