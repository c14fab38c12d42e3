import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { Api } from "./Api.ts"
import { CurrentCaller } from "./Authorization.ts"
import { accept, awaited, stateless, streamed } from "./NewRuns.ts"
import { runView } from "./RunView.ts"
import { locations } from "./Sse.ts"

export const layer = HttpApiBuilder.group(Api, "statelessRuns", (handlers) =>
  handlers.handleAll({
    create: Effect.fnUntraced(function*({ payload }) {
      const run = yield* accept(stateless(payload))
      return HttpServerResponse.jsonUnsafe(runView(run), { headers: locations(run) })
    }),
    stream: Effect.fnUntraced(function*({ payload }) {
      return yield* streamed(yield* accept(stateless(payload)), payload.on_disconnect)
    }),
    wait: Effect.fnUntraced(function*({ payload }) {
      const { principal } = yield* CurrentCaller
      return yield* awaited(yield* accept(stateless(payload)), payload.on_disconnect, principal)
    })
  }))
