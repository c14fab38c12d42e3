import { Effect } from "effect"
import { failureOf, type Run, RunOutcome } from "../../domain/Run.ts"
import { resultEvent, type RunEvent, RunEvents } from "../../ports/RunEvents.ts"
import type { AtEnd } from "../../ports/Runs.ts"
import { Webhooks } from "../../ports/Webhooks.ts"

/** What became of the work on a run: it came to an end, or this worker has no more to do with it. */
export type Ending =
  | { readonly _tag: "Ended"; readonly outcome: RunOutcome; readonly values: string }
  | { readonly _tag: "Overtaken" }
  | { readonly _tag: "HandBack" }

/** What a log says last: readers of the stream see a failure, whoever waits for the run gets its result. */
const lastWords = (outcome: RunOutcome, values: string): ReadonlyArray<RunEvent> => {
  const failure = failureOf(outcome)
  if (failure !== null) {
    return [
      { event: "error", data: JSON.stringify(failure) },
      { event: resultEvent, data: JSON.stringify({ __error__: failure }) }
    ]
  }
  // What a run was stopped in the midst of is the thread's state, not a result of its own.
  return RunOutcome.$is("Completed")(outcome) ? [{ event: resultEvent, data: values }] : []
}

/** If that is all its end takes: nobody is told of it, its thread stays, and nobody waits for it as for a tool. */
export const wordsAlone = (
  { parent, request }: Run,
  { outcome, values }: Extract<Ending, { readonly _tag: "Ended" }>
): ReadonlyArray<RunEvent> | undefined =>
  parent === null && request.webhook === null && !request.temporary ? lastWords(outcome, values) : undefined

/** What belongs to the end of a run, whoever ends it: its log is closed, and told is who wanted to be. */
export const endingOf = Effect.gen(function*() {
  const events = yield* RunEvents
  const webhooks = yield* Webhooks
  return (values: string): AtEnd => (run: Run, outcome: RunOutcome) =>
    Effect.andThen(events.end(run, lastWords(outcome, values)), webhooks.announce(run, outcome))
})

/** For a run that ends without ever having been executed here: it has no values to tell. */
export const unexecuted = Effect.map(endingOf, (ending) => ending("null"))
