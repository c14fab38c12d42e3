import { Effect } from "effect"
import type { AttemptSteps } from "../../domain/RunRecord.ts"
import type { StorageUnavailable } from "../../ports/StorageUnavailable.ts"
import type { Ending } from "./EndRun.ts"
import type { NotedSteps } from "./NotedSteps.ts"

/** Not so often that it would show in what a run costs. */
const every = "2 seconds"

/**
 * The record of a run that goes on for long is kept by and by: somebody looks at it, and its worker may be lost. For as
 * long as the run does; whatever comes of it, the run goes on.
 */
export const kept = <R>(
  noted: NotedSteps,
  keep: (steps: AttemptSteps) => Effect.Effect<void, StorageUnavailable, R>
): Effect.Effect<never, never, R> =>
  Effect.suspend(() => noted.news() ? keep(noted.take()) : Effect.void).pipe(
    // The next one has all of it.
    Effect.catchTag("StorageUnavailable", () => Effect.void),
    Effect.catchDefect((defect) => Effect.logError("The record of a run was not kept", defect)),
    Effect.delay(every),
    Effect.forever
  )

/** What a step came to that was under way when its run came to this. */
export const whyStopped = (what: Exclude<Ending, { readonly _tag: "Overtaken" }>): string | null => {
  if (what._tag === "HandBack") return "handed over to another process"
  return what.outcome._tag === "Completed" ? null : "stopped with its run"
}
