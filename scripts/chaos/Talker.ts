import { randomUUID } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import type { RunNote, ThreadNote } from "./Notes.ts"
import type { Random } from "./Random.ts"
import { insist, isRefusal, type Reading, readToTheEnd, statusOf, take } from "./Reader.ts"
import { type Task, wordsOf } from "./Script.ts"

export interface Talker extends Reading {
  readonly name: string
  readonly agent: string
  readonly token: string
  /** What it says, and how: independent of what happens to it. */
  readonly random: Random
  readonly thinkSeconds: number
  /** Aborted when no new runs are wanted. */
  readonly enough: AbortSignal
  readonly onThread: (thread: ThreadNote) => void
  /** Each run that was read to its end. */
  readonly onRead: (note: RunNote) => Promise<void>
}

/** An orphaned transaction is over by then: its connection is gone, or the database has restarted. */
const afterLostAnswerMs = 1_500

/** A frame per step, or also each token, or the whole state each time. */
const modes = [["updates"], ["updates", "messages-tuple"], ["values", "messages-tuple"]] as const
type StreamModes = typeof modes[number]

const payloadOf = ({ random }: Talker, task: Task) => ({
  input: { messages: [{ role: "user", content: wordsOf(task) }] },
  metadata: { marker: task.marker },
  multitaskStrategy: "enqueue" as const,
  streamMode: [...random.pick<StreamModes>(modes)],
  streamResumable: true
})

/** A run that was accepted although its answer was lost. */
const findByMarker = async (talker: Talker, { task, threadId }: RunNote) => {
  const runs = await insist(talker, "list", (signal) => talker.client.runs.list(threadId, { limit: 100, signal }))
  return runs.find(({ metadata }) => metadata?.["marker"] === task.marker)?.run_id
}

type Created = { readonly first: Promise<boolean> | undefined }

/** One request. Some streams begin with the run itself, others are joined after it was created. */
const askOnce = async (talker: Talker, note: RunNote, thread: ThreadNote, streamed: boolean): Promise<Created> => {
  const payload = payloadOf(talker, note.task)
  if (!streamed) {
    const { run_id } = await talker.client.runs.create(note.threadId, thread.agent, payload)
    note.runId = run_id
    return { first: undefined }
  }
  const accepted = Promise.withResolvers<void>()
  const first = take(talker, note, (signal) =>
    talker.client.runs.stream(note.threadId, thread.agent, {
      ...payload,
      signal,
      onRunCreated: ({ run_id }) => {
        note.runId = run_id
        accepted.resolve()
      }
    }))
  await Promise.race([accepted.promise, first])
  if (note.runId === null) throw new Error("no answer")
  return { first }
}

/** Creates a run once, whatever happens to the answer. */
const create = async (talker: Talker, note: RunNote, thread: ThreadNote, streamed: boolean): Promise<Created> => {
  for (;;) {
    try {
      return await askOnce(talker, note, thread, streamed)
    } catch (error) {
      talker.signal.throwIfAborted()
      const status = statusOf(error)
      if (status !== undefined && isRefusal(status)) throw error
      talker.timeline.count(`create: ${status ?? "no answer"}`)
    }
    await sleep(afterLostAnswerMs, undefined, { signal: talker.signal })
    const found = await findByMarker(talker, note)
    if (found === undefined) continue
    talker.timeline.count("create: accepted without an answer")
    note.runId = found
    return { first: undefined }
  }
}

/** What went wrong for a client is for the report; the others go on. */
const reported = ({ signal, timeline }: Talker, { runId, seen, task }: RunNote) => (error: unknown) => {
  const words = error instanceof Error ? error.message : String(error)
  if (signal.aborted) {
    timeline.violated("nothing is lost", `run ${runId} did not end in time; ${seen.length} events seen`, task.marker)
  } else timeline.violated("clients are served", `run ${runId}: ${words}`, task.marker)
}

/** Returns when the run is accepted, with the reading of it. */
const say = async (talker: Talker, thread: ThreadNote, task: Task, streamed: boolean) => {
  const note: RunNote = {
    task,
    threadId: thread.threadId,
    runId: null,
    seen: [],
    complete: false,
    toolsFailed: false,
    log: null
  }
  thread.runs.push(note)
  const { first } = await create(talker, note, thread, streamed)
  const reading = readToTheEnd(talker, note, first).then(() => talker.onRead(note)).catch(reported(talker, note))
  return { reading }
}

const think = ({ enough, random, thinkSeconds }: Talker) =>
  sleep(random.waiting(thinkSeconds) * 1000, undefined, { signal: enough }).catch(() => {
    // Enough is enough: nothing more will be said.
  })

/** A conversation: some runs one after the other, often several queued at once. */
const converse = async (talker: Talker, number: number) => {
  const { agent, enough, name, random, token } = talker
  const thread: ThreadNote = { threadId: randomUUID(), agent, token, runs: [] }
  await insist(
    talker,
    "thread",
    (signal) => talker.client.threads.create({ threadId: thread.threadId, ifExists: "do_nothing", signal })
  )
  talker.onThread(thread)
  const messages = random.whole(3, 9)
  while (thread.runs.length < messages && !enough.aborted) {
    const readings: Array<Promise<void>> = []
    for (let left = random.whole(1, 3); left > 0 && !enough.aborted; left--) {
      const marker = `${name}.${number}.${thread.runs.length}`
      const task = { marker, steps: random.whole(1, 4), paceMs: random.whole(100, 800) }
      readings.push((await say(talker, thread, task, random.chance(0.5))).reading)
    }
    await Promise.all(readings)
    await think(talker)
  }
}

/** Has one conversation after the other until it is enough. */
export const talk = async (talker: Talker): Promise<void> => {
  for (let number = 0; !talker.enough.aborted; number++) {
    try {
      await converse(talker, number)
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error)
      talker.timeline.violated(
        "clients are served",
        talker.signal.aborted ? "a client got no answer until the end" : words,
        talker.name
      )
    }
  }
}
