import type { Effect, Option } from "effect"
import { Context } from "effect"
import type { AssistantId } from "../domain/Assistant.ts"
import type { JsonObject } from "../domain/Json.ts"
import type { Principal } from "../domain/Principal.ts"
import type { ParentRun, Run, RunClaim, RunId, RunStatus } from "../domain/Run.ts"
import type { ThreadId } from "../domain/Thread.ts"
import type { NewRun } from "./Runs.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

type Eff<A> = Effect.Effect<A, StorageUnavailable>

export type NewSubrun = Omit<NewRun, "after_seconds" | "home"> & {
  readonly parent: ParentRun
  /** Of the thread that is made for it. */
  readonly thread_metadata: JsonObject
}

export interface Subrun {
  readonly run_id: RunId
  readonly thread_id: ThreadId
  readonly assistant_id: AssistantId
  readonly status: RunStatus
}

/**
 * Runs within runs: of agents that another agent calls. Whoever executes the parent executes them, so they have no place
 * in any line and wait for nobody; they run, or have ended. What is written for them is fenced by their own claims, as
 * with any run.
 */
export class Subruns extends Context.Service<Subruns, {
  /** The one that an earlier attempt of the parent began for a call, as it stands: it may have ended meanwhile. */
  readonly begun: (parent: RunClaim, call: string) => Eff<Option.Option<Run>>
  /** Makes a subrun with its thread, taken up already. `none`: the parent is somebody else's by now, or has ended. */
  readonly begin: (subrun: NewSubrun, parent: RunClaim, owner: Principal) => Eff<Option.Option<Run>>
  /** Takes a subrun up that runs on although its parent was lost or handed over. `none`: it has ended, or as above. */
  readonly resume: (runId: RunId, parent: RunClaim) => Eff<Option.Option<Run>>
  /** Those below a run that still run, however deep. None, once the run is not the claim's any more. */
  readonly running: (parent: RunClaim) => Eff<ReadonlyArray<RunClaim>>
  /** Those that still run although the run they belong to has ended or is gone: nobody goes on with them. */
  readonly orphans: (limit: number) => Eff<ReadonlyArray<RunClaim>>
  /** Those that a run began, in that order. */
  readonly of: (runId: RunId, principal: Principal) => Eff<ReadonlyArray<Subrun>>
}>()("throughline/ports/Subruns") {}
