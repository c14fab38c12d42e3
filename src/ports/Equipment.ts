import type { EffectiveConfig } from "../domain/EffectiveConfig.ts"
import type { ExplainedModel } from "../domain/Explanation.ts"

/** What is looked at on behalf of a run that is not made: a run's own words for it, without the run. */
export interface EquipmentRequest {
  readonly graphId: string
  /** With its secrets in place. */
  readonly configuration: EffectiveConfig
}

/** What a run would have to work with, beside the tools of servers. */
export interface Equipment {
  /** Null: an operator's own graph whose configuration names none. What it asks then is its own affair. */
  readonly model: ExplainedModel | null
  /** The other agents that it would offer to its model, as the configuration names them. */
  readonly agents: ReadonlyArray<string>
}
