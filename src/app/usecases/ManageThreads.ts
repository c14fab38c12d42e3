import { Effect, Option } from "effect"
import type { JsonObject } from "../../domain/Json.ts"
import type { Principal } from "../../domain/Principal.ts"
import { ThreadBusy } from "../../domain/Run.ts"
import type { CheckpointRef } from "../../domain/RunRequest.ts"
import type { PruneStrategy, Thread, ThreadId, ThreadTtl } from "../../domain/Thread.ts"
import { CheckpointNotFound, ThreadNotFound } from "../../domain/Thread.ts"
import type { CheckpointPlace, HistoryQuery, ThreadState } from "../../ports/AgentGraphs.ts"
import { AgentGraphs } from "../../ports/AgentGraphs.ts"
import { Threads } from "../../ports/Threads.ts"

/** A thread of the caller's; everybody else's is not there. */
export const findThread = Effect.fn("findThread")(function*(id: ThreadId, principal: Principal) {
  const found = yield* (yield* Threads).find(id, principal)
  return yield* Effect.mapError(Effect.fromOption(found), () => new ThreadNotFound({ thread: id }))
})

export const patchThread = Effect.fn("patchThread")(
  function*(id: ThreadId, metadata: JsonObject, ttl: ThreadTtl | null, principal: Principal) {
    const patched = yield* (yield* Threads).patch(id, metadata, principal, ttl)
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

/** Clears threads away; those that are not the caller's are not there. Answers how many. */
export const pruneThreads = Effect.fn("pruneThreads")(
  function*(ids: ReadonlyArray<ThreadId>, strategy: PruneStrategy, principal: Principal) {
    return yield* (yield* Threads).prune(ids, strategy, principal)
  }
)

const isCheckpoint = (at: CheckpointPlace | null): at is CheckpointRef => at !== null && at.checkpoint_id !== null

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
  function*(id: ThreadId, at: CheckpointPlace | null, options: { readonly subgraphs: boolean }, principal: Principal) {
    const thread = yield* findThread(id, principal)
    const graphs = yield* AgentGraphs
    if (isCheckpoint(at) && !(yield* graphs.hasCheckpoint(id, at))) {
      return yield* new CheckpointNotFound({ thread: id, checkpoint: at.checkpoint_id })
    }
    return thread.graph_id === null ? untouched : yield* graphs.state(thread.graph_id, id, at, options)
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
        : graphs.state(thread.graph_id, thread.thread_id, null, { subgraphs: false }).pipe(
          Effect.map((state) => ({ thread, values: Option.some(state.values) })),
          // A graph that this server no longer has: the thread is there, its state can't be read.
          Effect.catchTag("UnknownGraph", () => Effect.succeed({ thread, values: Option.none() }))
        ),
    { concurrency: 4 }
  )
})
