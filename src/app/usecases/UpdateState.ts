import { Effect, Schedule } from "effect"
import { SecureRandom } from "effect/crypto"
import type { Principal } from "../../domain/Principal.ts"
import { ThreadBusy } from "../../domain/Run.ts"
import type { CheckpointRef } from "../../domain/RunRequest.ts"
import {
  CheckpointNotFound,
  type StateClaim,
  StateClaimHeld,
  statusAfterUpdate,
  type Thread,
  ThreadHasNoGraph,
  type ThreadId
} from "../../domain/Thread.ts"
import { AgentGraphs, type StateUpdate, type UpdatedState } from "../../ports/AgentGraphs.ts"
import { StateClaims } from "../../ports/StateClaims.ts"
import { findThread } from "./ManageThreads.ts"

/** Whose state it is: of what ran there, or, before anything did, of what its maker meant it for. */
export const graphOf = (thread: Pick<Thread, "graph_id" | "metadata" | "thread_id">) => {
  const graph = thread.graph_id ?? thread.metadata["graph_id"]
  return typeof graph === "string"
    ? Effect.succeed(graph)
    : Effect.fail(new ThreadHasNoGraph({ thread: thread.thread_id }))
}

/** Longer than any update takes: whoever has waited that long has met with many others. */
const whileHeld = Schedule.upTo(Schedule.spaced("25 millis"), { duration: "12 seconds" })

/** Updates of one thread wait for each other, and none of them for a run. */
const take = Effect.fnUntraced(function*(thread_id: ThreadId, principal: Principal) {
  const claims = yield* StateClaims
  const claim: StateClaim = { thread_id, token: SecureRandom.uuidV7Unsafe() }
  yield* claims.take(claim, principal).pipe(
    Effect.retry({ while: (error) => error instanceof StateClaimHeld, schedule: whileHeld }),
    Effect.catchTag("StateClaimHeld", () => Effect.fail(new ThreadBusy({ thread: thread_id })))
  )
  return claim
})

/** Writes the state of a thread under a claim, and tells on the thread what has come of it. */
const underClaim = Effect.fnUntraced(function*<E, R>(
  thread: Thread,
  principal: Principal,
  write: (graph: string, claim: StateClaim) => Effect.Effect<UpdatedState, E, R>
) {
  const claims = yield* StateClaims
  const graph = yield* graphOf(thread)
  const claim = yield* take(thread.thread_id, principal)
  const { checkpoint, interrupts, next } = yield* write(graph, claim).pipe(
    // What can't be given back now lapses by itself.
    Effect.tapCause(() => Effect.ignore(claims.release(claim)))
  )
  yield* claims.conclude(claim, { graph_id: graph, status: statusAfterUpdate(next), interrupts })
  return checkpoint
})

/** A run has started there meanwhile, or the thread has gone. */
const overtaken = (id: ThreadId, principal: Principal) => () =>
  Effect.andThen(findThread(id, principal), Effect.fail(new ThreadBusy({ thread: id })))

/**
 * Writes to a thread's state as if a node of its graph had. Uninterrupted: whoever leaves meanwhile leaves no update half
 * done.
 */
export const updateState = Effect.fn("updateState")(
  function*(id: ThreadId, update: StateUpdate, at: CheckpointRef | null, principal: Principal) {
    const thread = yield* findThread(id, principal)
    const graphs = yield* AgentGraphs
    if (at !== null && !(yield* graphs.hasCheckpoint(id, at))) {
      return yield* new CheckpointNotFound({ thread: id, checkpoint: at.checkpoint_id })
    }
    return yield* underClaim(thread, principal, (graph, claim) => graphs.update(graph, claim, update, at)).pipe(
      Effect.catchTag("StateClaimLost", overtaken(id, principal))
    )
  },
  Effect.uninterruptible
)

/** Gives a new thread the state that updates would have brought it to, step by step. */
export const replayState = Effect.fn("replayState")(
  function*(thread: Thread, steps: ReadonlyArray<ReadonlyArray<StateUpdate>>, principal: Principal) {
    const graphs = yield* AgentGraphs
    return yield* underClaim(thread, principal, (graph, claim) => graphs.replay(graph, claim, steps)).pipe(
      Effect.catchTag("StateClaimLost", overtaken(thread.thread_id, principal))
    )
  },
  Effect.uninterruptible
)
