import { Effect, Option } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { createThread } from "../../app/usecases/CreateThread.ts"
import {
  copyThread,
  deleteThread,
  findThread,
  patchThread,
  pruneThreads,
  withValues
} from "../../app/usecases/ManageThreads.ts"
import { countThreads, searchThreads } from "../../app/usecases/SearchThreads.ts"
import type { Thread } from "../../domain/Thread.ts"
import { ThreadId } from "../../domain/Thread.ts"
import { Api } from "./Api.ts"
import { currentPrincipal } from "./Authorization.ts"
import { extracted } from "./Extract.ts"
import { page } from "./Page.ts"
import { updatesOf } from "./StateRequests.ts"
import { ttlOf } from "./ThreadRequests.ts"
import { threadView } from "./ThreadView.ts"

const freshId = () => ThreadId.make(SecureRandom.uuidV7Unsafe())

const view = (thread: Thread) =>
  Effect.map(withValues([thread]), ([shown]) => threadView(shown ?? { thread, values: Option.none() }))

export const layer = HttpApiBuilder.group(Api, "threads", (handlers) =>
  handlers.handleAll({
    create: Effect.fnUntraced(function*({ payload }) {
      const asked = {
        thread_id: payload.thread_id ?? freshId(),
        metadata: payload.metadata,
        ttl: ttlOf(payload.ttl),
        supersteps: updatesOf(payload.supersteps),
        if_exists: payload.if_exists
      }
      return yield* view(yield* createThread(asked, yield* currentPrincipal))
    }),
    search: Effect.fnUntraced(function*({ payload: { extract, select, ...query } }) {
      const takesOut = Object.values(extract ?? {}).some((path) => path.startsWith("values"))
      const withTheirValues = select === undefined || select.includes("values") || takesOut
      const { items, total } = yield* searchThreads(query, withTheirValues, yield* currentPrincipal)
      const threads = items.map(threadView)
      if (extract === undefined) return page(threads, total, { ...query, ...(select === undefined ? {} : { select }) })
      const shown = threads.map((thread) => ({ ...thread, extracted: extracted({ ...thread }, extract) }))
      return page(shown, total, { ...query, ...(select === undefined ? {} : { select: [...select, "extracted"] }) })
    }),
    count: Effect.fnUntraced(function*({ payload }) {
      return yield* countThreads(payload, yield* currentPrincipal)
    }),
    get: Effect.fnUntraced(function*({ params }) {
      return yield* view(yield* findThread(params.thread_id, yield* currentPrincipal))
    }),
    update: Effect.fnUntraced(function*({ params, payload, request }) {
      const patched = yield* patchThread(
        params.thread_id,
        payload.metadata,
        ttlOf(payload.ttl),
        yield* currentPrincipal
      )
      const isMinimal = /\breturn=minimal\b/.test(request.headers["prefer"] ?? "")
      return isMinimal ? HttpServerResponse.empty({ status: 204 }) : yield* view(patched)
    }),
    delete: Effect.fnUntraced(function*({ params }) {
      yield* deleteThread(params.thread_id, yield* currentPrincipal)
    }),
    prune: Effect.fnUntraced(function*({ payload }) {
      return { pruned_count: yield* pruneThreads(payload.thread_ids, payload.strategy, yield* currentPrincipal) }
    }),
    copy: Effect.fnUntraced(function*({ params }) {
      return yield* view(yield* copyThread(params.thread_id, freshId(), yield* currentPrincipal))
    })
  }))
