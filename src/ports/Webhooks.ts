import type { Effect } from "effect"
import { Context } from "effect"
import type { Run, RunOutcome } from "../domain/Run.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

/** Tells the end of a run to whoever asked for it when creating it. */
export class Webhooks extends Context.Service<Webhooks, {
  /** Sees to it that it will be told, in the transaction that ends the run. Nothing for a run without a webhook. */
  readonly announce: (run: Run, outcome: RunOutcome) => Effect.Effect<void, StorageUnavailable>
}>()("throughline/ports/Webhooks") {}
