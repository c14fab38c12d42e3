import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { patchThread, threadHistory, threadState } from "../../app/usecases/ManageThreads.ts"
import { updateState } from "../../app/usecases/UpdateState.ts"
import type { ThreadState } from "../../ports/AgentGraphs.ts"
import { Api } from "./Api.ts"
import { CurrentCaller } from "./Authorization.ts"
import { beforeOf, checkpointOf, placeOf, selection } from "./StateRequests.ts"
import { stateView } from "./ThreadView.ts"

const principal = Effect.map(CurrentCaller, (caller) => caller.principal)

const shown = (state: ThreadState, select: string | ReadonlyArray<string> | undefined) =>
  HttpServerResponse.jsonUnsafe(stateView(state, selection(select)))

const shownAll = (states: ReadonlyArray<ThreadState>, select: string | ReadonlyArray<string> | undefined) =>
  HttpServerResponse.jsonUnsafe(states.map((state) => stateView(state, selection(select))))

export const layer = HttpApiBuilder.group(Api, "threadStates", (handlers) =>
  handlers.handleAll({
    state: Effect.fnUntraced(function*({ params, query }) {
      return shown(yield* threadState(params.thread_id, null, query, yield* principal), query.select)
    }),
    stateAt: Effect.fnUntraced(function*({ params, query }) {
      return shown(yield* threadState(params.thread_id, placeOf(params), query, yield* principal), query.select)
    }),
    stateOf: Effect.fnUntraced(function*({ params, payload }) {
      const at = placeOf(payload.checkpoint)
      return shown(yield* threadState(params.thread_id, at, payload, yield* principal), payload.select)
    }),
    update: Effect.fnUntraced(function*({ params, payload }) {
      const update = { values: payload.values, command: null, as_node: payload.as_node ?? null }
      const at = checkpointOf(payload.checkpoint) ?? checkpointOf(payload)
      const checkpoint = yield* updateState(params.thread_id, update, at, yield* principal)
      return { checkpoint, configurable: checkpoint, checkpoint_id: checkpoint["checkpoint_id"] ?? null }
    }),
    patch: Effect.fnUntraced(function*({ params, payload }) {
      yield* patchThread(params.thread_id, payload.metadata, null, yield* principal)
    }),
    history: Effect.fnUntraced(function*({ params, payload }) {
      const query = {
        limit: payload.limit,
        before: beforeOf(payload.before),
        metadata: payload.metadata ?? null,
        checkpoint: placeOf(payload.checkpoint)
      }
      return shownAll(yield* threadHistory(params.thread_id, query, yield* principal), payload.select)
    }),
    pastStates: Effect.fnUntraced(function*({ params, query }) {
      const whole = { limit: query.limit, before: query.before ?? null, metadata: null, checkpoint: null }
      return shownAll(yield* threadHistory(params.thread_id, whole, yield* principal), query.select)
    })
  }))
