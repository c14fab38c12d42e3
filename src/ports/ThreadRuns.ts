import type { Effect, Option, Stream } from "effect"
import { Context } from "effect"
import type { Principal } from "../domain/Principal.ts"
import type { StreamedRun } from "../domain/ProtocolRun.ts"
import type { RunId } from "../domain/Run.ts"
import type { ThreadId } from "../domain/Thread.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

/** A run that a worker has taken up, at least once. */
export interface BegunRun extends StreamedRun {
  readonly run_id: RunId
}

/** The run of a thread that was taken up last, and how far its log has got. */
export interface LatestRun extends BegunRun {
  readonly active: boolean
  /** The id of its log's last event, -1 for none. */
  readonly lastEventId: number
}

/**
 * A thread's runs in the order they are taken up, which is the one they run in. A run that never is has no place in it;
 * one that is undone leaves its place empty.
 */
export class ThreadRuns extends Context.Service<ThreadRuns, {
  /**
   * Those from the nth on, and then each as it begins, for as long as the thread is there and the principal's; a database
   * that is away meanwhile is waited for.
   */
  readonly follow: (threadId: ThreadId, from: number, principal: Principal) => Stream.Stream<BegunRun>
  readonly latest: (
    threadId: ThreadId,
    principal: Principal
  ) => Effect.Effect<Option.Option<LatestRun>, StorageUnavailable>
}>()("throughline/ports/ThreadRuns") {}
