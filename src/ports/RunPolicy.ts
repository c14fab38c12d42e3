import { Context } from "effect"
import type { RunOverrides } from "../domain/EffectiveConfig.ts"

/** What the operator lets a run decide for itself (`RUN_OVERRIDES`). */
export class RunPolicy extends Context.Service<RunPolicy, {
  readonly overrides: RunOverrides
}>()("throughline/ports/RunPolicy") {}
