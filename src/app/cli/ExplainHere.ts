import { Effect, Option } from "effect"
import { explanationView } from "../../adapters/http/ExplanationView.ts"
import type { ExplainedRun } from "../../adapters/http/RunRequests.ts"
import { RunPolicy } from "../../ports/RunPolicy.ts"
import { explainLayer } from "../CommandLayers.ts"
import { explainRun } from "../usecases/ExplainRun.ts"
import { databaseReady, operatorSettings, personAs, unlogged } from "./Operator.ts"
import type { Ways } from "./Ways.ts"

interface Given extends Pick<Ways, "as" | "database" | "token"> {
  readonly assistant: string
}

const explained = Effect.fnUntraced(function*(given: Given, asked: typeof ExplainedRun.Type) {
  yield* databaseReady
  const { config, context, metadata } = asked
  const { overrides } = yield* RunPolicy
  const principal = yield* personAs(Option.getOrElse(given.as, () => "nobody"))
  const caller = { principal, token: Option.getOrNull(given.token), headers: {} }
  return explanationView(
    yield* explainRun({ assistant: given.assistant, config, context, metadata, overrides }, caller)
  )
})

/** In this process, as whoever owns the database, for the person that they name. */
export const explainHere = Effect.fnUntraced(function*(given: Given, asked: typeof ExplainedRun.Type) {
  const settings = yield* operatorSettings(given.database)
  return yield* Effect.provide(explained(given, asked), unlogged(explainLayer(settings)))
})
