import type { KeyOrigin } from "./EffectiveConfig.ts"
import type { Json } from "./Json.ts"
import type { ToolReport } from "./ToolReport.ts"

/** What a run spent, in tokens as its provider counted them. */
export interface TokenUsage {
  readonly input_tokens: number
  readonly output_tokens: number
  readonly total_tokens: number
}

/**
 * What a run's time went into. `queue`: from when it was due until it was taken up; `configuration`: what it took to find
 * out what it runs with, before it was created; `tools`: until its tool servers had told what they have; `model`: one call
 * of the model; `tool`: one call of a tool, another agent's run among them; `checkpoints`: writing them, as far as the
 * run had to wait for it.
 */
export type StepKind = "queue" | "configuration" | "tools" | "model" | "tool" | "checkpoints"

export interface RunStep {
  readonly kind: StepKind
  /** The model, the tool, the server; empty where there is only one of its kind. */
  readonly name: string
  readonly attempt: number
  readonly started_at: Date
  /** How long it took, in milliseconds; null: it has not ended, or its process was lost. */
  readonly ms: number | null
  readonly usage: TokenUsage | null
  /** In redacted words. */
  readonly error: string | null
  /** The run of another agent that this call of a tool was. */
  readonly subrun: { readonly run_id: string; readonly thread_id: string } | null
}

/** A step as its worker notes it. */
export type NotedStep = Omit<RunStep, "attempt">

/** What a worker has noted of one attempt. */
export interface AttemptSteps {
  readonly steps: ReadonlyArray<NotedStep>
  /** How many more there were than are kept. */
  readonly left_out: number
  /** Of all of them. */
  readonly usage: TokenUsage | null
  /** Once they are known. */
  readonly tools?: ToolReport
}

export const nothingNoted: AttemptSteps = { steps: [], left_out: 0, usage: null }

/** An attempt as it is kept: when it waited and when it was taken up say the database's clock, what it did its worker's. */
export interface Attempt extends AttemptSteps {
  readonly queued_at: Date
  readonly taken_at: Date
}

/** What is kept of a run's time. */
export interface RunTimes {
  /** What it took to decide what the run runs with; null: nobody measured it. */
  readonly configured_ms: number | null
  readonly created_at: Date
  /** Since when it waits for its next attempt, if it does. */
  readonly waiting_since: Date | null
  /** By their numbers. */
  readonly attempts: Readonly<Record<string, Attempt>>
}

/** More steps than these are counted, and not kept: a run may take ten thousand. */
export const keptSteps = 500

/** Figures of a record are read by people. */
export const roundedMs = (ms: number): number => Math.max(0, Math.round(ms * 10) / 10)

/** What two parts of a run spent; where a provider counted nothing, there is nothing to add. */
export const addedUsage = (one: TokenUsage | null, other: TokenUsage | null): TokenUsage | null => {
  if (one === null || other === null) return one ?? other
  return {
    input_tokens: one.input_tokens + other.input_tokens,
    output_tokens: one.output_tokens + other.output_tokens,
    total_tokens: one.total_tokens + other.total_tokens
  }
}

const bare = { name: "", usage: null, error: null, subrun: null } as const

const numbered = ({ attempts }: RunTimes): ReadonlyArray<readonly [number, Attempt]> =>
  Object.entries(attempts)
    .map(([attempt, noted]) => [Number(attempt), noted] as const)
    .sort(([one], [other]) => one - other)

/**
 * A run's steps, attempt by attempt: what came before the graph, what the graph did in the order in which it began, and
 * last what its checkpoints cost. Clocks of different machines are not compared.
 */
export const stepsOf = (times: RunTimes): ReadonlyArray<RunStep> => {
  const { configured_ms, created_at, waiting_since } = times
  const attempts = numbered(times)
  const configuration: ReadonlyArray<RunStep> = configured_ms === null ? [] : [{
    ...bare,
    kind: "configuration",
    attempt: 1,
    started_at: new Date(created_at.getTime() - configured_ms),
    ms: roundedMs(configured_ms)
  }]
  const waiting: ReadonlyArray<RunStep> = waiting_since === null ? [] : [{
    ...bare,
    kind: "queue",
    attempt: (attempts.at(-1)?.[0] ?? 0) + 1,
    started_at: waiting_since,
    ms: null
  }]
  const noted = attempts.flatMap(([attempt, { queued_at, steps, taken_at }]): ReadonlyArray<RunStep> => [
    {
      ...bare,
      kind: "queue",
      attempt,
      started_at: queued_at,
      ms: roundedMs(taken_at.getTime() - queued_at.getTime())
    },
    ...steps.map((step) => ({ ...step, attempt }))
  ])
  return [...configuration, ...noted, ...waiting]
}

/** What a run spent in all its attempts; null: no model has counted. */
export const usageOf = ({ attempts }: Pick<RunTimes, "attempts">): TokenUsage | null =>
  Object.values(attempts).reduce<TokenUsage | null>((sum, { usage }) => addedUsage(sum, usage), null)

/** How many steps are counted and not kept. */
export const leftOut = ({ attempts }: Pick<RunTimes, "attempts">): number =>
  Object.values(attempts).reduce((sum, { left_out }) => sum + left_out, 0)

/** One layer's value for a key, in the order in which they were applied: the last one that was not dropped is in force. */
export interface GivenValue {
  readonly from: KeyOrigin
  /** Secrets masked. */
  readonly value: Json
  /** Why it is not in force: `overridden by the request`, or why it was refused. Null: it is in force. */
  readonly dropped: string | null
}
