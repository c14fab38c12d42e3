import { Effect, Option } from "effect"
import type { JsonObject } from "../../domain/Json.ts"
import type { Principal } from "../../domain/Principal.ts"
import type { CheckpointRef } from "../../domain/Run.ts"
import { ThreadBusy } from "../../domain/Run.ts"
import type { Thread, ThreadId } from "../../domain/Thread.ts"
import { ThreadExists, ThreadNotFound } from "../../domain/Thread.ts"
import type { HistoryQuery, ThreadState } from "../../ports/AgentGraphs.ts"
import { AgentGraphs } from "../../ports/AgentGraphs.ts"
import { Threads } from "../../ports/Threads.ts"

/** A thread of the caller's; everybody else's is not there. */
export const findThread = Effect.fn("findThread")(function*(id: ThreadId, principal: Principal) {
  const found = yield* (yield* Threads).find(id, principal)
  return yield* Effect.mapError(Effect.fromOption(found), () => new ThreadNotFound({ thread: id }))
})

export const createThread = Effect.fn("createThread")(function*(
  id: ThreadId,
  metadata: JsonObject,
  ifExists: "raise" | "do_nothing",
  principal: Principal
) {
  const threads = yield* Threads
  return yield* threads.create(id, metadata, principal).pipe(
    Effect.catchTag("ThreadExists", (exists) =>
      ifExists === "raise"
        ? Effect.fail(exists)
        : Effect.flatMap(threads.find(id, principal), (thread) =>
          Effect.mapError(Effect.fromOption(thread), () => new ThreadExists())))
  )
})

export const patchThread = Effect.fn("patchThread")(
  function*(id: ThreadId, metadata: JsonObject, principal: Principal) {
    const patched = yield* (yield* Threads).patch(id, metadata, principal)
    return yield* Effect.mapError(Effect.fromOption(patched), () => new ThreadNotFound({ thread: id }))
  }
)

export const copyThread = Effect.fn("copyThread")(function*(from: ThreadId, to: ThreadId, principal: Principal) {
  const source = yield* findThread(from, principal)
  // A copy of a moving thread would be of no state it ever had.
  if (source.status === "busy") return yield* new ThreadBusy({ thread: from })
  const copied = yield* (yield* Threads).copy(from, to, principal)
  return yield* Effect.mapError(Effect.fromOption(copied), () => new ThreadNotFound({ thread: from }))
})

/** Deletes a thread with everything on it, and stops what runs there: nothing of it can be written any more. */
export const deleteThread = Effect.fn("deleteThread")(function*(id: ThreadId, principal: Principal) {
  if (!(yield* (yield* Threads).delete(id, principal))) return yield* new ThreadNotFound({ thread: id })
})

/** What a thread shows before anything ran on it. */
const untouched: ThreadState = {
  values: {},
  next: [],
  tasks: [],
  metadata: {},
  created_at: null,
  checkpoint: null,
  parent_checkpoint: null
}

export const threadState = Effect.fn("threadState")(
  function*(id: ThreadId, at: CheckpointRef | null, principal: Principal) {
    const thread = yield* findThread(id, principal)
    return thread.graph_id === null ? untouched : yield* (yield* AgentGraphs).state(thread.graph_id, id, at)
  }
)

export const threadHistory = Effect.fn("threadHistory")(
  function*(id: ThreadId, query: HistoryQuery, principal: Principal) {
    const thread = yield* findThread(id, principal)
    return thread.graph_id === null ? [] : yield* (yield* AgentGraphs).history(thread.graph_id, id, query)
  }
)

/** Threads with their latest values, which only the checkpointer has. */
export const withValues = Effect.fn("threadsWithValues")(function*(threads: ReadonlyArray<Thread>) {
  const graphs = yield* AgentGraphs
  return yield* Effect.forEach(
    threads,
    (thread) =>
      thread.graph_id === null
        ? Effect.succeed({ thread, values: Option.none() })
        : graphs.state(thread.graph_id, thread.thread_id, null).pipe(
          Effect.map((state) => ({ thread, values: Option.some(state.values) })),
          // A graph that this server no longer has: the thread is there, its state can't be read.
          Effect.catchTag("UnknownGraph", () => Effect.succeed({ thread, values: Option.none() }))
        ),
    { concurrency: 4 }
  )
})
