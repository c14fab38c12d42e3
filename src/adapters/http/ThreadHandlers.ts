import { Effect, Option } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpApiBuilder } from "effect/http-api"
import {
  copyThread,
  createThread,
  deleteThread,
  findThread,
  patchThread,
  threadHistory,
  threadState,
  withValues
} from "../../app/usecases/ManageThreads.ts"
import type { Thread } from "../../domain/Thread.ts"
import { ThreadId } from "../../domain/Thread.ts"
import { Threads } from "../../ports/Threads.ts"
import { Api } from "./Api.ts"
import { CurrentCaller } from "./Authorization.ts"
import { page } from "./Page.ts"
import { beforeOf, checkpointOf } from "./ThreadRequests.ts"
import { threadView } from "./ThreadView.ts"

const principal = Effect.map(CurrentCaller, (caller) => caller.principal)
const freshId = () => ThreadId.make(SecureRandom.uuidV7Unsafe())

/** Values are the checkpointer's: who does not ask for them does not wait for them. */
const shown = (threads: ReadonlyArray<Thread>, select: ReadonlyArray<string> | undefined) =>
  select === undefined || select.includes("values")
    ? Effect.map(withValues(threads), (threads) => threads.map(threadView))
    : Effect.succeed(threads.map((thread) => threadView({ thread, values: Option.none() })))

const view = (thread: Thread) =>
  Effect.map(withValues([thread]), ([shown]) => threadView(shown ?? { thread, values: Option.none() }))

export const layer = HttpApiBuilder.group(Api, "threads", (handlers) =>
  handlers.handleAll({
    create: Effect.fnUntraced(function*({ payload }) {
      const id = payload.thread_id ?? freshId()
      return yield* view(yield* createThread(id, payload.metadata, payload.if_exists, yield* principal))
    }),
    search: Effect.fnUntraced(function*({ payload }) {
      const { items, total } = yield* (yield* Threads).search(payload, yield* principal)
      return page(yield* shown(items, payload.select), total, payload)
    }),
    count: Effect.fnUntraced(function*({ payload }) {
      return yield* (yield* Threads).count(payload, yield* principal)
    }),
    get: Effect.fnUntraced(function*({ params }) {
      return yield* view(yield* findThread(params.thread_id, yield* principal))
    }),
    update: Effect.fnUntraced(function*({ params, payload }) {
      return yield* view(yield* patchThread(params.thread_id, payload.metadata, yield* principal))
    }),
    delete: Effect.fnUntraced(function*({ params }) {
      yield* deleteThread(params.thread_id, yield* principal)
    }),
    copy: Effect.fnUntraced(function*({ params }) {
      return yield* view(yield* copyThread(params.thread_id, freshId(), yield* principal))
    }),
    state: Effect.fnUntraced(function*({ params }) {
      return yield* threadState(params.thread_id, null, yield* principal)
    }),
    stateAt: Effect.fnUntraced(function*({ params }) {
      return yield* threadState(params.thread_id, checkpointOf(params), yield* principal)
    }),
    stateOf: Effect.fnUntraced(function*({ params, payload }) {
      return yield* threadState(params.thread_id, checkpointOf(payload.checkpoint), yield* principal)
    }),
    history: Effect.fnUntraced(function*({ params, payload }) {
      const query = {
        limit: payload.limit,
        before: beforeOf(payload.before),
        metadata: payload.metadata ?? null,
        checkpoint: checkpointOf(payload.checkpoint)
      }
      return yield* threadHistory(params.thread_id, query, yield* principal)
    }),
    pastStates: Effect.fnUntraced(function*({ params, query }) {
      const whole = { limit: query.limit, before: query.before ?? null, metadata: null, checkpoint: null }
      return yield* threadHistory(params.thread_id, whole, yield* principal)
    })
  }))
