import { Effect } from "effect"
import { CredentialsAtHand } from "../../ports/RunCredentials.ts"
import { Runs } from "../../ports/Runs.ts"
import { type Caller, type NewRun, prepareRun } from "./CreateRun.ts"

/** Accepts several runs, or none of them: what is wrong with one is found out before any is made. */
export const createRuns = Effect.fn("createRuns")(
  function*(asked: ReadonlyArray<NewRun>, caller: Caller) {
    const prepared = yield* Effect.forEach(asked, (run) => prepareRun(run, caller))
    const { together } = yield* Runs
    const atHand = yield* CredentialsAtHand
    return yield* together(Effect.all(prepared)).pipe(
      Effect.tapCause(() => atHand.forget(asked.map(({ run_id }) => run_id)))
    )
  },
  Effect.uninterruptible
)
