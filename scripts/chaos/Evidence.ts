import type { Observer } from "./Database.ts"
import type { RunNote } from "./Notes.ts"
import type { SideEffect } from "./Surroundings.ts"
import type { Blow, Timeline } from "./Timeline.ts"

/** All that is known of a run that something is wrong with. */
export interface Evidence {
  readonly marker: string
  readonly note: Pick<RunNote, "complete" | "log" | "runId" | "threadId"> & { readonly seen: number }
  readonly run: unknown
  readonly logRows: ReadonlyArray<unknown>
  readonly checkpoints: ReadonlyArray<unknown>
  readonly effects: ReadonlyArray<SideEffect>
  /** What was done to the system from a little before until a little after. */
  readonly blows: ReadonlyArray<Blow>
}

/** For how many runs: the first ones tell most. */
const most = 30
const aroundMs = 30_000

/** What is needed to look into violations, since the database is gone afterwards. */
export const evidenceOf = async (
  { rows }: Observer,
  timeline: Timeline,
  notes: ReadonlyArray<RunNote>,
  effects: ReadonlyArray<SideEffect>
): Promise<ReadonlyArray<Evidence>> => {
  const markers = new Set(timeline.violations.map(({ run }) => run))
  const found: Array<Evidence> = []
  for (const { complete, log, runId, seen, task, threadId } of notes.filter(({ task }) => markers.has(task.marker))) {
    if (found.length === most) break
    const own = effects.filter(({ run }) => run === task.marker)
    const times = [...own.map(({ at }) => at), ...(log === null ? [] : [log.endedAt])]
    const from = Math.min(...times) - aroundMs, to = Math.max(...times) + aroundMs
    found.push({
      marker: task.marker,
      note: { complete, log, runId, threadId, seen: seen.length },
      run: (await rows("select * from langgraph_server.runs where id = $1", [runId]))[0],
      logRows: await rows(
        `select first_id, last_id, attempt, ended, created_at, left(events, 300) as events
         from langgraph_server.run_events
         where run_id = $1
         order by first_id`,
        [runId]
      ),
      checkpoints: await rows(
        `select checkpoint_id, parent_checkpoint_id, metadata
         from langgraph_server.checkpoints
         where thread_id = $1
         order by checkpoint_id`,
        [threadId]
      ),
      effects: own,
      blows: timeline.blows.filter(({ at }) => at >= from && at <= to)
    })
  }
  return found
}
