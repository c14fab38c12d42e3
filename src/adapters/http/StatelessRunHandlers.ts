import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { Api } from "./Api.ts"
import { accept, acceptAndStream, acceptAndWait, stateless } from "./NewRuns.ts"
import { runView } from "./RunView.ts"
import { locations } from "./Sse.ts"

export const layer = HttpApiBuilder.group(Api, "statelessRuns", (handlers) =>
  handlers.handleAll({
    create: Effect.fnUntraced(function*({ payload }) {
      const run = yield* accept(stateless(payload))
      return HttpServerResponse.jsonUnsafe(runView(run), { headers: locations(run) })
    }),
    stream: Effect.fnUntraced(function*({ payload }) {
      return yield* acceptAndStream(stateless(payload), payload.on_disconnect)
    }),
    wait: Effect.fnUntraced(function*({ payload }) {
      return yield* acceptAndWait(stateless(payload), payload.on_disconnect)
    })
  }))
