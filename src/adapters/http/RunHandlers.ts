import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { cancelRun, deleteRun } from "../../app/usecases/CancelRun.ts"
import { findRecord, findRun } from "../../app/usecases/FollowRun.ts"
import { findThread } from "../../app/usecases/ManageThreads.ts"
import { Runs } from "../../ports/Runs.ts"
import { Api } from "./Api.ts"
import { currentPrincipal } from "./Authorization.ts"
import { joined, leaving } from "./JoinedRuns.ts"
import { accept, acceptAndStream, acceptAndWait, awaited, onThread } from "./NewRuns.ts"
import { selected } from "./Page.ts"
import { runRecordView } from "./RunRecordView.ts"
import { runConfigView, runView } from "./RunView.ts"
import { locations } from "./Sse.ts"

export const layer = HttpApiBuilder.group(Api, "runs", (handlers) =>
  handlers.handleAll({
    create: Effect.fnUntraced(function*({ params, payload }) {
      const run = yield* accept(onThread(params.thread_id, payload))
      return HttpServerResponse.jsonUnsafe(runView(run), { headers: locations(run) })
    }),
    stream: Effect.fnUntraced(function*({ params, payload }) {
      return yield* acceptAndStream(onThread(params.thread_id, payload), payload.on_disconnect)
    }),
    wait: Effect.fnUntraced(function*({ params, payload }) {
      return yield* acceptAndWait(onThread(params.thread_id, payload), payload.on_disconnect)
    }),
    list: Effect.fnUntraced(function*({ params, query }) {
      const thread = yield* findThread(params.thread_id, yield* currentPrincipal)
      const runs = yield* (yield* Runs).list(thread.thread_id, query, yield* currentPrincipal)
      return HttpServerResponse.jsonUnsafe(runs.map((run) => selected(runView(run), query.select)))
    }),
    get: Effect.fnUntraced(function*({ params }) {
      return runView(yield* findRun(params.thread_id, params.run_id, yield* currentPrincipal))
    }),
    config: Effect.fnUntraced(function*({ params }) {
      return runConfigView(yield* findRun(params.thread_id, params.run_id, yield* currentPrincipal))
    }),
    record: Effect.fnUntraced(function*({ params }) {
      return runRecordView(yield* findRecord(params.thread_id, params.run_id, yield* currentPrincipal))
    }),
    join: Effect.fnUntraced(function*({ params, query }) {
      const run = yield* findRun(params.thread_id, params.run_id, yield* currentPrincipal)
      return yield* awaited(run, leaving(query), yield* currentPrincipal)
    }),
    joinStream: Effect.fnUntraced(function*({ params, query, request }) {
      return yield* joined(yield* findRun(params.thread_id, params.run_id, yield* currentPrincipal), query, request)
    }),
    cancel: Effect.fnUntraced(function*({ params, query }) {
      yield* cancelRun(params.thread_id, params.run_id, query, yield* currentPrincipal)
      return HttpServerResponse.empty({ status: query.wait ? 204 : 202 })
    }),
    delete: Effect.fnUntraced(function*({ params }) {
      yield* deleteRun(params.thread_id, params.run_id, yield* currentPrincipal)
    })
  }))
