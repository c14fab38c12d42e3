import type { RunRecord, Step } from "../answers.ts"

/** A step, placed on its run's time. */
export interface Placed {
  readonly step: Step
  /** From the run's beginning, in milliseconds. */
  readonly from: number
  readonly ms: number
  readonly open: boolean
  /** In shares of the whole, for the eye. */
  readonly left: number
  readonly width: number
}

export interface Timeline {
  readonly steps: ReadonlyArray<Placed>
  readonly total: number
}

/** A step that is still open lasts until the run's end, or until now. */
const endOf = (step: Step, until: number) =>
  step.ms === null ? Math.max(until, Date.parse(step.started_at)) : Date.parse(step.started_at) + step.ms

/** Where each step lies between the first one's begin and the last one's end; in the order in which they began. */
export const timelineOf = ({ created_at, ended_at, steps }: RunRecord, now: number): Timeline => {
  const until = ended_at === null ? now : Date.parse(ended_at)
  const start = Math.min(Date.parse(created_at), ...steps.map(({ started_at }) => Date.parse(started_at)))
  const total = Math.max(1, ...steps.map((step) => endOf(step, until) - start))
  const placed = steps.map((step): Placed => {
    const from = Date.parse(step.started_at) - start
    const ms = endOf(step, until) - Date.parse(step.started_at)
    return { step, from, ms, open: step.ms === null, left: from / total, width: ms / total }
  })
  return { total, steps: placed.toSorted((a, b) => a.from - b.from) }
}
