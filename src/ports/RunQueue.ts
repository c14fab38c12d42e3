import type { Effect, Scope } from "effect"
import { Context } from "effect"
import type { CancelAction, RunId } from "../domain/Run.ts"
import type { ThreadId } from "../domain/Thread.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

type Eff<A, E = never> = Effect.Effect<A, E | StorageUnavailable>

/** A run that may be executed now, or from `run_at` on: the first of its thread, within its tenant's share. */
export interface RunOffer {
  readonly run_id: RunId
  readonly thread_id: ThreadId
  readonly run_at: Date
  /** Smaller goes first; what makes tenants take turns. */
  readonly turn: number
  /** The replica that should execute it, for as long as that is alive. */
  readonly home: string | null
}

/** A run that this process is to execute. */
export interface RunJob {
  readonly run_id: RunId
  readonly thread_id: ThreadId
  /** It was handed out before: its worker may have been lost. */
  readonly redelivered: boolean
}

/** Why a worker should stop what it is doing. */
export type RunStop =
  | { readonly _tag: "Cancelled"; readonly action: CancelAction }
  /** Somebody else has the run by now; nothing that is written counts any more. */
  | { readonly _tag: "Overtaken" }
  /** This process is going: the run is to be handed back. */
  | { readonly _tag: "Leaving" }

/** What a worker does with a job. */
export interface RunWorker {
  /**
   * Executes a run until it has ended, or until `stop` answers. `done`: the job is of no more use. `again`: it is to be
   * handed out again, to whomever. `gone`: it has been withdrawn, and what is there by now is another one. Interrupted,
   * it leaves everything as it stands.
   */
  readonly execute: (job: RunJob, stop: Effect.Effect<RunStop>) => Effect.Effect<"again" | "done" | "gone">
  /** Those among the runs that somebody wants stopped: what a message may have missed is found with the next heartbeat. */
  readonly stopRequests: (
    runIds: ReadonlyArray<RunId>
  ) => Eff<ReadonlyArray<{ readonly run_id: RunId; readonly action: CancelAction }>>
}

/** Gets runs executed by one of the replicas. Nobody but its adapters knows how; what a run does is the worker's. */
export class RunQueue extends Context.Service<RunQueue, {
  /** This process, among those that share the queue. */
  readonly replica: string
  /**
   * Puts a run in line, inside the caller's transaction: no run without a place, no place without a run. Idempotent by
   * run id, for as long as the job is there.
   */
  readonly offer: (offer: RunOffer) => Eff<void>
  /** Takes a job back, waiting or in somebody's hands, inside the caller's transaction. */
  readonly withdraw: (runId: RunId) => Eff<void>
  /** Those of the runs that have no place here: they were to be offered again. */
  readonly missing: (runIds: ReadonlyArray<RunId>) => Eff<ReadonlyArray<RunId>>
  /** Tells whoever executes a run to stop it, when the caller's transaction is through. */
  readonly stop: (runId: RunId, action: CancelAction) => Eff<void>
  /**
   * Executes what is offered, for as long as the scope is open: at least once each, a bounded number at a time. Then it
   * takes nothing more, gives what runs some time to end, asks it to leave, and hands the rest back.
   */
  readonly work: (worker: RunWorker) => Effect.Effect<void, never, Scope.Scope>
  /** The runs that this process has in its hands. */
  readonly held: Effect.Effect<ReadonlyArray<RunId>>
}>()("throughline/ports/RunQueue") {}
