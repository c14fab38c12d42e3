import type { Effect, Option } from "effect"
import { Context } from "effect"
import type { AssistantId } from "../domain/Assistant.ts"
import type { Principal } from "../domain/Principal.ts"
import type {
  CancelAction,
  Run,
  RunClaim,
  RunId,
  RunOutcome,
  RunStatus,
  ThreadBusy,
  TooManyRuns
} from "../domain/Run.ts"
import type { AttemptSteps, RunTimes } from "../domain/RunRecord.ts"
import type { NothingToResume } from "../domain/RunRequest.ts"
import type { ThreadId, ThreadNotFound } from "../domain/Thread.ts"
import type { RunEvent } from "./RunEvents.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

type Eff<A, E = never> = Effect.Effect<A, E | StorageUnavailable>

export type NewRun =
  & Omit<
    Run,
    | "owner"
    | "status"
    | "attempt"
    | "lost"
    | "run_at"
    | "started_at"
    | "cancel_requested"
    | "tools"
    | "failure"
    | "parent"
    | "created_at"
    | "updated_at"
  >
  & {
    /** How long it took to decide what it runs with, in ms. */
    readonly configured_ms: number
    /** It is not started sooner, and until then it keeps nobody from the thread. */
    readonly after_seconds: number
  }

/** What else belongs to the transaction in which a run ends: the end of its log, and telling who asked to be told. */
export type AtEnd = (run: Run, outcome: RunOutcome) => Eff<void>

/** Where runs are kept. A run is seen by the owner of its thread. */
export class Runs extends Context.Service<Runs, {
  /**
   * Admits a run to its thread by the multitask rule, with the thread locked: `ThreadBusy` changes nothing, nor does
   * `NothingToResume` (of two answers to one question the second has none any more), nor `TooManyRuns` (of its tenant).
   * An accepted run is `pending` and its thread `busy`; it is offered to the queue in the same transaction if it is its
   * turn. Those it replaces are stopped: at once if they wait, otherwise by their worker.
   */
  readonly create: (run: NewRun, owner: Principal, atEnd: AtEnd) => Eff<
    Run,
    NothingToResume | ThreadBusy | ThreadNotFound | TooManyRuns
  >
  /** One transaction: what is made inside is made altogether or not at all. */
  readonly together: <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E | StorageUnavailable, R>
  readonly find: (threadId: ThreadId, runId: RunId, principal: Principal) => Eff<Option.Option<Run>>
  /** Where a run is, for whoever knows no more than its id. */
  readonly threadOf: (runId: RunId, principal: Principal) => Eff<Option.Option<ThreadId>>
  readonly list: (
    threadId: ThreadId,
    query: { readonly limit: number; readonly offset: number; readonly status?: RunStatus },
    principal: Principal
  ) => Eff<ReadonlyArray<Run>>
  /** With what its time went into. */
  readonly record: (
    threadId: ThreadId,
    runId: RunId,
    principal: Principal
  ) => Eff<Option.Option<{ readonly run: Run; readonly times: RunTimes }>>
  /** Of all threads of the caller's, newest first, and how many there are altogether. */
  readonly search: (
    query: {
      readonly assistant_id?: AssistantId
      readonly status?: RunStatus
      readonly limit: number
      readonly offset: number
    },
    principal: Principal
  ) => Eff<{ readonly items: ReadonlyArray<Run>; readonly total: number }>
  /** The caller's active runs: of a thread, by id, by status, or all of them. */
  readonly active: (
    which: {
      readonly threadId?: ThreadId
      readonly runIds?: ReadonlyArray<RunId>
      readonly status?: "pending" | "running"
    },
    principal: Principal
  ) => Eff<ReadonlyArray<RunId>>
  /**
   * Wants an active run stopped: from then on it can't succeed. One that waits has ended when this returns; one that
   * runs is stopped by its worker, wherever that is. On one that has ended it does nothing.
   */
  readonly cancel: (runId: RunId, action: CancelAction, principal: Principal, atEnd: AtEnd) => Eff<void>
  /** A finished run only. */
  readonly delete: (threadId: ThreadId, runId: RunId, principal: Principal) => Eff<boolean>
}>()("throughline/ports/Runs") {}

/** A worker's side of the same store: each write names the claim and is void if that has been overtaken. */
export class RunLedger extends Context.Service<RunLedger, {
  /**
   * Takes a run up: attempt + 1, and one more lost if the last one did not end. `none`: it has ended, is gone, or it is
   * not its turn; then its job is withdrawn, and whoever ends before it offers it again.
   */
  readonly claim: (job: { readonly run_id: RunId; readonly thread_id: ThreadId }) => Eff<Option.Option<Run>>
  /** How many of a run's attempts were lost, this one included if its worker is gone. */
  readonly losses: (runId: RunId) => Eff<number>
  /**
   * Writes the end of a run and the state of its thread, once; offers the thread's next, and the tenant's. A stateless
   * run's thread goes with it. Answers with what the run truly came to; `none`: it had ended, or was overtaken. Without
   * steps those that were noted stay. Its job is withdrawn, or left to its worker.
   *
   * `lastWords`: if it comes to this outcome, to close its log with them is all that `atEnd` does, and its thread stays.
   * Whoever keeps both may do it in one.
   */
  readonly settle: (
    claim: RunClaim,
    outcome: RunOutcome,
    steps: AttemptSteps | null,
    atEnd: AtEnd,
    lastWords?: ReadonlyArray<RunEvent>
  ) => Eff<Option.Option<RunOutcome>>
  /** What is known by now of an attempt that goes on, in place of what was noted before. */
  readonly note: (claim: RunClaim, steps: AttemptSteps) => Eff<void>
  /** Hands a run back: it is pending again, and the attempt does not count as lost. */
  readonly release: (claim: RunClaim, steps: AttemptSteps) => Eff<void>
  readonly stopRequests: (
    runIds: ReadonlyArray<RunId>
  ) => Eff<ReadonlyArray<{ readonly run_id: RunId; readonly action: CancelAction }>>
  /** Offers what waits although it is its turn: normally nothing. Answers how many. */
  readonly offerForgotten: Eff<number>
  /** How many runs are due and wait, how many run, on all replicas, and how long the first has waited. */
  readonly backlog: Eff<{ readonly waiting: number; readonly running: number; readonly oldestSeconds: number }>
  /** Those of the runs that are active yet. */
  readonly stillActive: (runIds: ReadonlyArray<RunId>) => Eff<ReadonlyArray<RunId>>
}>()("throughline/ports/RunLedger") {}
