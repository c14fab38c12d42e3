import { Context, Effect } from "effect"

/**
 * Whoever is answered is told when something in the answer could not be compared with the agents' tables. Where nobody is
 * answered, nobody is told.
 */
export class StaleAnswers extends Context.Reference<{
  readonly note: (since: Date) => Effect.Effect<void>
}>("throughline/ports/StaleAnswers", { defaultValue: () => ({ note: () => Effect.void }) }) {}

/** What is being put into an answer was last seen to be right then. */
export const noteStale = (since: Date): Effect.Effect<void> => Effect.flatMap(StaleAnswers, ({ note }) => note(since))
