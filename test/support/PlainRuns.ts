import type { EffectiveConfig } from "../../src/domain/EffectiveConfig.ts"
import type { RunRequest } from "../../src/domain/RunRequest.ts"

/** A run that asks for nothing in particular: tests say what matters to them. */
export const plainRequest: RunRequest = {
  input: null,
  command: null,
  checkpoint: null,
  stream_mode: ["values"],
  stream_subgraphs: false,
  stream_resumable: false,
  interrupt_before: null,
  interrupt_after: null,
  durability: "async",
  temporary: false,
  timeout_seconds: 3600,
  webhook: null
}

export const plainConfiguration: EffectiveConfig = {
  configurable: {},
  origins: {},
  dropped: [],
  recursion_limit: 25,
  tags: [],
  metadata: {},
  context: {}
}
