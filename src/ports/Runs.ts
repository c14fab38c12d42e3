import type { Duration, Effect, Option } from "effect"
import { Context } from "effect"
import type { Principal } from "../domain/Principal.ts"
import type {
  Admission,
  NothingToResume,
  Run,
  RunFailure,
  RunId,
  RunOutcome,
  RunStatus,
  ThreadBusy,
  ToolReport
} from "../domain/Run.ts"
import type { ThreadId, ThreadNotFound } from "../domain/Thread.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

type Eff<A, E = never> = Effect.Effect<A, E | StorageUnavailable>

export type NewRun = Omit<Run, "owner" | "status" | "attempt" | "tools" | "failure" | "created_at" | "updated_at">

/** Where runs are kept. A run is seen by the owner of its thread. */
export class Runs extends Context.Service<Runs, {
  /**
   * Admits a run to its thread by the multitask rule, with the thread locked: `ThreadBusy` changes nothing, nor does
   * `NothingToResume` (of two answers to one question the second has none any more). An accepted
   * run is `pending` and its thread `busy`. `enqueue` belongs to the same transaction. The admission names the runs that
   * have to stop.
   */
  readonly create: (run: NewRun, owner: Principal, enqueue: (run: Run) => Eff<void>) => Eff<
    { readonly run: Run; readonly admission: Exclude<Admission, { readonly _tag: "Rejected" }> },
    NothingToResume | ThreadBusy | ThreadNotFound
  >
  readonly find: (threadId: ThreadId, runId: RunId, principal: Principal) => Eff<Option.Option<Run>>
  readonly list: (
    threadId: ThreadId,
    query: { readonly limit: number; readonly offset: number; readonly status?: RunStatus },
    principal: Principal
  ) => Eff<ReadonlyArray<Run>>
  /** A finished run only. */
  readonly delete: (threadId: ThreadId, runId: RunId, principal: Principal) => Eff<boolean>
}>()("throughline/ports/Runs") {}

/** A worker's side of the same store: each write names the attempt and is void if that has been overtaken. */
export class RunLedger extends Context.Service<RunLedger, {
  /** Takes a pending run up. `none`: it is finished, cancelled or gone. */
  readonly claim: (runId: RunId) => Eff<Option.Option<Run>>
  /** Writes the end of a run and the state of its thread, once: false if it had ended already. */
  readonly settle: (runId: RunId, attempt: number, outcome: RunOutcome) => Eff<boolean>
  readonly noteTools: (runId: RunId, attempt: number, report: ToolReport) => Eff<void>
  /** Undoes a stopped run: its checkpoints and its row. */
  readonly rollback: (runId: RunId) => Eff<void>
  /** Says that these runs, queued or running, are in good hands. Answers with those that have ended by other hands. */
  readonly renew: (runIds: ReadonlyArray<RunId>) => Eff<ReadonlyArray<RunId>>
  /** Ends, with a failure, what nobody has renewed for so long: its process is no more. Answers how many. */
  readonly settleOrphans: (failure: RunFailure, unrenewedFor: Duration.Duration) => Eff<number>
  /** Deletes a stateless run's thread with everything on it. */
  readonly dropThread: (threadId: ThreadId) => Eff<void>
  /** Removes what a run has written to a thread that was deleted under it. */
  readonly sweepThread: (threadId: ThreadId) => Eff<void>
}>()("throughline/ports/RunLedger") {}
