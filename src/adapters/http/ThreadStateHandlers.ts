import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { patchThread, threadHistory, threadState } from "../../app/usecases/ManageThreads.ts"
import { updateState } from "../../app/usecases/UpdateState.ts"
import type { ThreadState } from "../../ports/AgentGraphs.ts"
import { Api } from "./Api.ts"
import { currentPrincipal } from "./Authorization.ts"
import { beforeOf, checkpointOf, placeOf } from "./StateRequests.ts"
import { stateView } from "./ThreadView.ts"

const shown = (state: ThreadState, select: ReadonlyArray<string> | undefined) =>
  HttpServerResponse.jsonUnsafe(stateView(state, select))

const shownAll = (states: ReadonlyArray<ThreadState>, select: ReadonlyArray<string> | undefined) =>
  HttpServerResponse.jsonUnsafe(states.map((state) => stateView(state, select)))

export const layer = HttpApiBuilder.group(Api, "threadStates", (handlers) =>
  handlers.handleAll({
    state: Effect.fnUntraced(function*({ params, query }) {
      return shown(yield* threadState(params.thread_id, null, query, yield* currentPrincipal), query.select)
    }),
    stateAt: Effect.fnUntraced(function*({ params, query }) {
      return shown(yield* threadState(params.thread_id, placeOf(params), query, yield* currentPrincipal), query.select)
    }),
    stateOf: Effect.fnUntraced(function*({ params, payload }) {
      const at = placeOf(payload.checkpoint)
      return shown(yield* threadState(params.thread_id, at, payload, yield* currentPrincipal), payload.select)
    }),
    update: Effect.fnUntraced(function*({ params, payload }) {
      const update = { values: payload.values, command: null, as_node: payload.as_node ?? null }
      const at = checkpointOf(payload.checkpoint) ?? checkpointOf(payload)
      const checkpoint = yield* updateState(params.thread_id, update, at, yield* currentPrincipal)
      return { checkpoint, configurable: checkpoint, checkpoint_id: checkpoint["checkpoint_id"] ?? null }
    }),
    patch: Effect.fnUntraced(function*({ params, payload }) {
      yield* patchThread(params.thread_id, payload.metadata, null, yield* currentPrincipal)
    }),
    history: Effect.fnUntraced(function*({ params, payload }) {
      const query = {
        limit: payload.limit,
        before: beforeOf(payload.before),
        metadata: payload.metadata ?? null,
        checkpoint: placeOf(payload.checkpoint)
      }
      return shownAll(yield* threadHistory(params.thread_id, query, yield* currentPrincipal), payload.select)
    }),
    pastStates: Effect.fnUntraced(function*({ params, query }) {
      const whole = { limit: query.limit, before: query.before ?? null, metadata: null, checkpoint: null }
      return shownAll(yield* threadHistory(params.thread_id, whole, yield* currentPrincipal), query.select)
    })
  }))
