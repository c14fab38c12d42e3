import { Effect } from "effect"
import type { JsonObject } from "../../domain/Json.ts"
import type { Principal } from "../../domain/Principal.ts"
import { ThreadExists, type ThreadId, type ThreadTtl } from "../../domain/Thread.ts"
import { AgentGraphs, type StateUpdate } from "../../ports/AgentGraphs.ts"
import { Threads } from "../../ports/Threads.ts"
import { findThread } from "./ManageThreads.ts"
import { graphOf, replayState } from "./UpdateState.ts"

export interface NewThread {
  readonly thread_id: ThreadId
  readonly metadata: JsonObject
  readonly ttl: ThreadTtl | null
  /** The updates that bring it to its state. */
  readonly supersteps: ReadonlyArray<ReadonlyArray<StateUpdate>>
  readonly if_exists: "raise" | "do_nothing"
}

/** The caller's own thread of that id as it is, if that is wanted. */
const existing = Effect.fnUntraced(function*({ if_exists, thread_id }: NewThread, principal: Principal) {
  const exists = new ThreadExists()
  if (if_exists === "raise") return yield* exists
  const found = yield* (yield* Threads).find(thread_id, principal)
  return yield* Effect.mapError(Effect.fromOption(found), () => exists)
})

/** A thread with its state, or no thread. */
export const createThread = Effect.fn("createThread")(
  function*(asked: NewThread, principal: Principal) {
    const { metadata, supersteps, thread_id, ttl } = asked
    const threads = yield* Threads
    if (supersteps.length > 0) {
      const graph = yield* graphOf({ thread_id, graph_id: null, metadata })
      yield* (yield* AgentGraphs).check(graph)
    }
    const created = threads.create(thread_id, metadata, principal, ttl)
    if (supersteps.length === 0) {
      return yield* Effect.catchTag(created, "ThreadExists", () => existing(asked, principal))
    }
    return yield* created.pipe(
      Effect.flatMap((thread) =>
        replayState(thread, supersteps, principal).pipe(
          Effect.tapCause(() => Effect.ignore(threads.delete(thread_id, principal)))
        )
      ),
      Effect.andThen(findThread(thread_id, principal)),
      Effect.catchTag("ThreadExists", () => existing(asked, principal))
    )
  },
  Effect.uninterruptible
)
