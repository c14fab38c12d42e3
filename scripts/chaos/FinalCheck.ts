import type { Observer } from "./Database.ts"
import type { ThreadNote } from "./Notes.ts"
import type { SideEffect } from "./Surroundings.ts"
import type { Timeline } from "./Timeline.ts"

/** A worker that thaws may be in the midst of a step, and is told that it has been overtaken with its next write. */
const afterThawMs = 3_000

/** By the logs: nobody begins before the one before has ended. */
export const checkTurns = (timeline: Timeline, { runs }: ThreadNote) => {
  runs.forEach((run, index) => {
    const before = runs[index - 1]?.log
    const began = run.log?.attempts[0]?.at
    if (before == null || began === undefined || began >= before.endedAt) return
    timeline.violated(
      "one run of a thread at a time",
      `it began ${Math.round(before.endedAt - began)} ms before the one before had ended`,
      run.task.marker
    )
  })
}

export interface EffectCounts {
  readonly effects: number
  /** (run, step) pairs that happened more than once, and how often they did beyond that. */
  readonly repeated: number
  readonly repeats: number
  readonly late: number
}

/** At most once for each attempt; none missing; none after the thread has moved on. */
export const checkEffects = (
  timeline: Timeline,
  threads: ReadonlyArray<ThreadNote>,
  effects: ReadonlyArray<SideEffect>
): EffectCounts => {
  const byRun = Map.groupBy(effects, ({ run }) => run)
  const thaws = timeline.blows.flatMap(({ kind, until }) => kind === "freeze" && until !== undefined ? [until] : [])
  const explained = (at: number) => thaws.some((thaw) => at >= thaw && at <= thaw + afterThawMs)
  let repeated = 0, repeats = 0, late = 0
  for (const { runs } of threads) {
    let nextBegan = Infinity
    for (const { log, task, toolsFailed } of runs.toReversed()) {
      const own = byRun.get(task.marker) ?? []
      for (let step = 1; step <= task.steps; step++) {
        const count = own.filter((effect) => effect.step === step).length
        if (count > 1) repeated += 1
        if (count > 1) repeats += count - 1
        const attempts = log?.taken ?? Infinity
        if (log !== null && (count > attempts || (count === 0 && !toolsFailed))) {
          timeline.violated(
            "once per attempt",
            `step ${step} happened ${count} times in ${attempts} attempts`,
            task.marker
          )
        }
      }
      for (const { at, step } of own.filter(({ at }) => at > nextBegan)) {
        late += 1
        if (explained(at)) continue
        timeline.violated(
          "one run of a thread at a time",
          `step ${step} happened ${Math.round(at - nextBegan)} ms after the next run's first`,
          task.marker
        )
      }
      nextBegan = Math.min(nextBegan, ...own.map(({ at }) => at))
    }
  }
  return { effects: effects.length, repeated, repeats, late }
}

/** What the tables say when all is over. */
export const checkTables = async ({ rows }: Observer, timeline: Timeline, threads: ReadonlyArray<ThreadNote>) => {
  const notes = new Map(threads.flatMap(({ runs }) => runs).map((note) => [note.runId, note]))
  const found = await rows<{ id: string; marker: string | null; status: string; attempt: number }>(
    "select id::text as id, metadata ->> 'marker' as marker, status, attempt from langgraph_server.runs"
  )
  for (const { id, marker, status } of found) {
    if (!notes.has(id)) timeline.violated("nothing is created twice", `run ${id} is nobody's`, marker ?? undefined)
    if (status === "pending" || status === "running") {
      timeline.violated("nothing is lost", `run ${id} is ${status} yet`, marker ?? undefined)
    }
  }
  const kept = new Set(found.map(({ id }) => id))
  for (const [id, { task }] of notes) {
    if (id !== null && !kept.has(id)) timeline.violated("nothing is lost", `run ${id} has no row`, task.marker)
  }
  for (
    const { id, status } of await rows<{ id: string; status: string }>(
      "select id::text as id, status from langgraph_server.threads where status <> 'idle'"
    )
  ) timeline.violated("threads are free again", `thread ${id} is ${status}`)
  for (
    const { id, state } of await rows<{ id: string; state: string }>(
      `select job.id::text as id, job.state::text as state
     from langgraph_queue.job
     join langgraph_server.runs run on run.id = job.id
     where run.status not in ('pending', 'running') and job.state < 'completed'`
    )
  ) timeline.violated("no job outlives its run", `the job of run ${id} is ${state}`, notes.get(id)?.task.marker)
  for (
    const { id, events, ends } of await rows<{ id: string; events: number; ends: number }>(
      `select run_id::text as id, (max(last_id) + 1)::int as events, (count(*) filter (where ended))::int as ends
     from langgraph_server.run_events
     group by run_id`
    )
  ) {
    const note = notes.get(id)
    if (note?.log == null || (note.log.events === events && ends === 1)) continue
    timeline.violated(
      "nothing after the end",
      `run ${id}: ${events} events and ${ends} end(s), where ${note.log.events} and one were when it had ended`,
      note.task.marker
    )
  }
  return { runs: found.length, takeovers: found.reduce((sum, { attempt }) => sum + Math.max(0, attempt - 1), 0) }
}
