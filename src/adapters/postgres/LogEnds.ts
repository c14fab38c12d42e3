import { Context, type Effect } from "effect"
import type { Statement } from "effect/sql"
import type { RunClaim } from "../../domain/Run.ts"
import type { RunEvent } from "../../ports/RunEvents.ts"
import type { Place } from "./EventRows.ts"

/** How a run's log is closed by the statement that ends the run: whoever keeps logs beside runs can. */
export class LogEnds extends Context.Service<LogEnds, {
  /** Closes the log of a run that `of` has a row for, with its `thread_id` and `owner_id`; answers `Place`, if it did. */
  readonly closing: (claim: RunClaim, events: ReadonlyArray<RunEvent>) => {
    readonly insertion: (of: Statement.Fragment) => Statement.Fragment
    /** Its readers are told, once that is through. */
    readonly closed: (place: Place | undefined) => Effect.Effect<void>
  }
}>()("throughline/adapters/postgres/LogEnds") {}
