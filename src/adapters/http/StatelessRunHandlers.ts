import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { cancelRuns } from "../../app/usecases/CancelRun.ts"
import { findRunAnywhere } from "../../app/usecases/FollowRun.ts"
import { Runs } from "../../ports/Runs.ts"
import { Api } from "./Api.ts"
import { CurrentCaller } from "./Authorization.ts"
import { joined } from "./JoinedRuns.ts"
import { accept, acceptAll, acceptAndStream, acceptAndWait, stateless } from "./NewRuns.ts"
import { page } from "./Page.ts"
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
    }),
    search: Effect.fnUntraced(function*({ payload }) {
      const { items, total } = yield* (yield* Runs).search(payload, (yield* CurrentCaller).principal)
      return page(items.map(runView), total, payload)
    }),
    batch: Effect.fnUntraced(function*({ payload }) {
      return (yield* acceptAll(payload.map(stateless))).map(runView)
    }),
    joinStream: Effect.fnUntraced(function*({ params, query, request }) {
      return yield* joined(yield* findRunAnywhere(params.run_id, (yield* CurrentCaller).principal), query, request)
    }),
    cancel: Effect.fnUntraced(function*({ payload: { run_ids, status, thread_id }, query }) {
      const which = {
        ...(thread_id === undefined ? {} : { threadId: thread_id }),
        ...(run_ids === undefined ? {} : { runIds: run_ids }),
        ...(status === undefined || status === "all" ? {} : { status })
      }
      yield* cancelRuns(which, query.action, (yield* CurrentCaller).principal)
    })
  }))
