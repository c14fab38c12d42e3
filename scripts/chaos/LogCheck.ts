import { decodeEvents } from "../../src/adapters/postgres/EventText.ts"
import type { NumberedRunEvent } from "../../src/ports/RunEvents.ts"
import { resultEvent } from "../../src/ports/RunEvents.ts"
import type { Observer } from "./Database.ts"
import { digestOf, type LogNote, type RunNote } from "./Notes.ts"
import type { Timeline } from "./Timeline.ts"

interface LogRow {
  readonly first_id: number
  readonly last_id: number
  readonly attempt: number
  readonly events: string
  readonly ended: boolean
  readonly at: number
}

interface RunRow {
  readonly status: string
  readonly attempt: number
  readonly failure: string | null
}

/** A row's time is that of its transaction, in milliseconds since the epoch. */
const readLog = ({ rows }: Observer, runId: string) =>
  rows<LogRow>(
    `select first_id, last_id, attempt, events, ended, (extract(epoch from created_at) * 1000)::float8 as at
     from langgraph_server.run_events
     where run_id = $1
     order by first_id`,
    [runId]
  )

const readRun = async ({ rows }: Observer, runId: string) => {
  const [run] = await rows<RunRow>(
    "select status, attempt, failure::text as failure from langgraph_server.runs where id = $1",
    [runId]
  )
  return run
}

type Complain = (rule: string, detail: string) => void

const jsonOf = ({ data }: NumberedRunEvent): unknown => JSON.parse(data)

const attemptOf = (event: NumberedRunEvent): number => {
  const data = jsonOf(event)
  return typeof data === "object" && data !== null && "attempt" in data ? Number(data.attempt) : NaN
}

/** One end, at the end; no id missing, none twice; a result, if and only if it succeeded. */
const checkShape = (log: ReadonlyArray<LogRow>, events: ReadonlyArray<NumberedRunEvent>, complain: Complain) => {
  let due = 0
  for (const row of log) {
    if (row.first_id !== due) complain("logs are gapless", `a row begins with ${row.first_id} where ${due} was due`)
    due = row.last_id + 1
  }
  if (events.length !== due) complain("logs are gapless", `${events.length} events where ids say ${due}`)
  const ends = log.filter(({ ended }) => ended).length
  if (ends !== 1 || log.at(-1)?.ended !== true) complain("one end", `the log has ${ends} ends in ${log.length} rows`)
  const results = events.filter(({ event }) => event === resultEvent).length
  if (results !== 1 || events.at(-1)?.event !== resultEvent) complain("one end", `the log has ${results} results`)
}

/** Each worker begins with its attempt; nobody writes after the next one has begun. */
const checkAttempts = (
  run: RunRow,
  log: ReadonlyArray<LogRow>,
  events: ReadonlyArray<NumberedRunEvent>,
  complain: Complain
) => {
  const told = events.filter(({ event }) => event === "metadata").map(attemptOf)
  const ascending = told.every((attempt, index) => index === 0 || attempt > (told[index - 1] ?? 0))
  if (!ascending || told.at(-1) !== run.attempt) {
    complain("attempts grow", `metadata frames tell of [${told.join(", ")}], the run of ${run.attempt}`)
  }
  if (log.some(({ attempt }, index) => attempt < (log[index - 1]?.attempt ?? 0))) {
    complain("the fence holds", `rows by attempts [${log.map(({ attempt }) => attempt).join(", ")}]`)
  }
}

/** What the client saw is what is kept, and all of it. */
const checkReader = ({ seen }: RunNote, events: ReadonlyArray<NumberedRunEvent>, complain: Complain) => {
  const shown = events.filter(({ event }) => event !== resultEvent)
  const differing = seen.findIndex((digest, id) => {
    const kept = shown[id]
    return kept === undefined || digest !== digestOf(kept.event, jsonOf(kept))
  })
  if (differing !== -1) complain("streams are the log", `event ${differing} is not what the client saw`)
  else if (seen.length !== shown.length) {
    complain("streams are the log", `the client saw ${seen.length} of ${shown.length} events, and the end`)
  }
}

const noteOf = (taken: number, log: ReadonlyArray<LogRow>): LogNote => {
  const attempts: Array<{ readonly attempt: number; readonly at: number }> = []
  for (const { at, attempt } of log) if (attempt !== attempts.at(-1)?.attempt) attempts.push({ attempt, at })
  const last = log.at(-1)
  return { taken, events: last === undefined ? 0 : last.last_id + 1, attempts, endedAt: last?.at ?? 0 }
}

/** Looks at a run's log when its reader has come to the end. Logs are not kept for ever: so it is done at once. */
export const checkLog = async (observer: Observer, timeline: Timeline, note: RunNote): Promise<void> => {
  const runId = note.runId ?? ""
  const complain = (rule: string, detail: string) =>
    timeline.violated(rule, `run ${runId}: ${detail}`, note.task.marker)
  const run = await readRun(observer, runId)
  if (run === undefined) return complain("nothing is lost", "its row is gone")
  if (run.status !== "success") complain("nothing is lost", `it came to ${run.status}: ${run.failure ?? "no reason"}`)
  const log = await readLog(observer, runId)
  const events = log.flatMap(({ events, first_id }) => decodeEvents(first_id, events))
  checkShape(log, events, complain)
  checkAttempts(run, log, events, complain)
  checkReader(note, events, complain)
  note.log = noteOf(run.attempt, log)
}
