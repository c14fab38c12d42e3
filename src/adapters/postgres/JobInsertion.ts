import { Context, Effect, type Option } from "effect"
import type { Statement } from "effect/sql"

/** How runs get their place in the queue by the statement that makes it theirs: where the queue is a table beside them. */
export class JobInsertion extends Context.Service<JobInsertion, {
  /**
   * A statement that inserts the jobs of `runs`, the name of a part of the same statement: `run_id`, `thread_id`, `run_at`,
   * `turn` and `home` of runs that are due. None while the queue isn't ready.
   */
  readonly of: (runs: string) => Effect.Effect<Option.Option<Statement.Fragment>>
  /** The replicas are told, once the caller's transaction is through, at once without one. */
  readonly inserted: Effect.Effect<void>
}>()("throughline/adapters/postgres/JobInsertion") {}
