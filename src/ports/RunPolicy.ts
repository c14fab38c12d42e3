import { Context } from "effect"
import type { RunOverrides } from "../domain/EffectiveConfig.ts"

/** What the operator lets runs do. */
export class RunPolicy extends Context.Service<RunPolicy, {
  /** What a run may decide for itself (`RUN_OVERRIDES`). */
  readonly overrides: RunOverrides
  /** How often a run is taken up whose worker is lost each time. */
  readonly maxAttempts: number
  /** How long a run may take that does not say; also the most it may ask for. In seconds. */
  readonly timeoutSeconds: number
  /** How many runs of one tenant may run at a time, on all replicas together. */
  readonly concurrentPerTenant: number
  /** How many may wait; more are refused. */
  readonly waitingPerTenant: number
}>()("throughline/ports/RunPolicy") {}
