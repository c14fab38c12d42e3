import { Clock, Effect } from "effect"
import type { AttemptSteps, NotedStep, TokenUsage } from "../../domain/RunRecord.ts"
import { addedUsage, keptSteps, roundedMs } from "../../domain/RunRecord.ts"
import type { ToolReport } from "../../domain/ToolReport.ts"
import type { RunSteps } from "../../ports/RunSteps.ts"

/** More words of an error are in the log. */
const errorLength = 500

type Noting = { -readonly [Key in keyof NotedStep]: NotedStep[Key] }

interface Waited {
  writes: number
  since: number
  ms: number
  from: Date | undefined
}

interface Open {
  readonly step: Noting
  readonly since: number
  readonly call: string | undefined
}

/** A run's steps of one attempt, noted while it runs, by this process's clock. */
export const notedSteps = Effect.map(Clock.Clock, (clock) => {
  const steps: Array<Noting> = []
  const open = new Set<Open>()
  const spent = new Map<string, TokenUsage>()
  let leftOut = 0
  let usage: TokenUsage | null = null
  let tools: ToolReport | undefined
  let changed = false
  /** What the run waits for its checkpoints: while one is written, and nothing else of it is under way. */
  const waited: Waited = { writes: 0, since: 0, ms: 0, from: undefined }

  const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const date = () => new Date(clock.currentTimeMillisUnsafe())

  /** Whenever something begins or ends, the time until then is counted or not. */
  const turn = (change: () => void) => {
    const at = now()
    if (waited.writes > 0 && open.size === 0) waited.ms += at - waited.since
    waited.since = at
    changed = true
    change()
  }

  const close = (
    one: Open,
    { error = null, ms, usage: told = null }: Parameters<ReturnType<RunSteps["begin"]>>[0] = {}
  ) => {
    if (!open.has(one)) return
    turn(() => open.delete(one))
    one.step.ms = roundedMs(ms ?? now() - one.since)
    one.step.error = error === null ? null : error.slice(0, errorLength)
    one.step.usage = told
    if (told === null) return
    usage = addedUsage(usage, told)
    spent.set(one.step.name, addedUsage(spent.get(one.step.name) ?? null, told) ?? told)
  }

  const watch: RunSteps = {
    begin: (kind, name, call) => {
      const step: Noting = { kind, name, started_at: date(), ms: null, usage: null, error: null, subrun: null }
      const one: Open = { step, since: now(), call }
      if (steps.length < keptSteps) steps.push(step)
      else leftOut++
      turn(() => open.add(one))
      return (end) => close(one, end)
    },
    subrun: (call, run) => {
      for (const one of open) if (one.call === call) one.step.subrun = run
      changed = true
    },
    writing: () => {
      waited.from ??= date()
      turn(() => waited.writes++)
      let over = false
      return () => {
        if (!over) turn(() => waited.writes--)
        over = true
      }
    }
  }

  const checkpoints = (): ReadonlyArray<NotedStep> =>
    waited.from === undefined ? [] : [{
      kind: "checkpoints",
      name: "",
      started_at: waited.from,
      ms: roundedMs(waited.ms),
      usage: null,
      error: null,
      subrun: null
    }]

  return {
    watch,
    /** What it has to work with. */
    equipped: (report: ToolReport) => {
      tools = report
      changed = true
    },
    /** What of it was not there when it was taken last. */
    news: () => changed,
    take: (): AttemptSteps => {
      changed = false
      return {
        steps: [...steps.map((step) => ({ ...step })), ...checkpoints()],
        left_out: leftOut,
        usage,
        ...(tools !== undefined && { tools })
      }
    },
    /** Nothing of it goes on: what has not ended by itself ends with the run. */
    stop: (why: string | null) => {
      for (const one of open) close(one, { error: why })
    },
    /** By model. */
    spent: (): ReadonlyMap<string, TokenUsage> => spent
  }
})

export type NotedSteps = Effect.Success<typeof notedSteps>
