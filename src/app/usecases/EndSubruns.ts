import { Effect } from "effect"
import { agentToolsOf } from "../../domain/EffectiveConfig.ts"
import { type Run, type RunClaim, RunOutcome } from "../../domain/Run.ts"
import { RunEvents } from "../../ports/RunEvents.ts"
import { RunLedger } from "../../ports/Runs.ts"
import { Subruns } from "../../ports/Subruns.ts"
import { unexecuted } from "./EndRun.ts"

/** As many are looked for at a time. */
const handful = 500

/** Each as any run ends, and once: one that has ended by itself meanwhile stays as it is. */
const end = Effect.fnUntraced(function*(claims: ReadonlyArray<RunClaim>) {
  const events = yield* RunEvents
  const ledger = yield* RunLedger
  const atEnd = yield* unexecuted
  yield* Effect.forEach(
    claims,
    (claim) =>
      Effect.andThen(
        events.flush(claim.run_id),
        ledger.settle(claim, RunOutcome.Cancelled({ action: "interrupt" }), null, atEnd)
      ),
    { discard: true }
  )
})

/** Whatever a run had others do stops with it: nobody would hear their answers. Costs nothing where there can't be any. */
export const endSubruns = Effect.fnUntraced(function*(run: Run) {
  if (agentToolsOf(run.configuration.configurable).length === 0) return
  yield* end(yield* (yield* Subruns).running(run))
})

/** What still runs for a run that ended while nobody executed it, or is gone. Answers how many. */
export const endOrphans = Effect.gen(function*() {
  const orphans = yield* (yield* Subruns).orphans(handful)
  yield* end(orphans)
  return orphans.length
})
