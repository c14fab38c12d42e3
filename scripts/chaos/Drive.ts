import { setMaxListeners } from "node:events"
import { clientOf } from "./Balancer.ts"
import { chaos } from "./Blows.ts"
import type { Observer } from "./Database.ts"
import { evidenceOf } from "./Evidence.ts"
import type { Executing } from "./Executing.ts"
import { checkEffects, checkTables, checkTurns } from "./FinalCheck.ts"
import { checkLog } from "./LogCheck.ts"
import type { ThreadNote } from "./Notes.ts"
import { type ChaosOptions, heartbeatSeconds } from "./Options.ts"
import { randomOf } from "./Random.ts"
import { insist, type Reading } from "./Reader.ts"
import type { RestartablePostgres } from "./RestartablePostgres.ts"
import type { Server } from "./Servers.ts"
import { checkState } from "./StateCheck.ts"
import type { SideEffect } from "./Surroundings.ts"
import { talk } from "./Talker.ts"
import type { Timeline } from "./Timeline.ts"

export interface Stage {
  readonly options: ChaosOptions
  readonly servers: readonly [Server, ...ReadonlyArray<Server>]
  readonly postgres: RestartablePostgres | undefined
  readonly observer: Observer
  readonly executing: Executing
  readonly timeline: Timeline
  readonly effects: ReadonlyArray<SideEffect>
  readonly speakers: ReadonlyArray<{ readonly token: string; readonly agent: string }>
  readonly interrupted: AbortSignal
}

/** How long what chaos left may take to end: lost workers are noticed, then each thread has its queue to work off. */
const settlingMs = ({ threads }: ChaosOptions) => 4 * heartbeatSeconds * 1000 + 60_000 + threads * 1_500

/** Whatever waits for one of these; there are many of them. */
const signalOf = (controller: AbortController) => {
  setMaxListeners(0, controller.signal)
  return controller.signal
}

const progress = ({ options, timeline }: Stage, threads: ReadonlyArray<ThreadNote>) => {
  const began = Date.now()
  return () => {
    const runs = threads.flatMap(({ runs }) => runs)
    const ended = runs.filter(({ complete }) => complete).length
    options.say(
      `${String(Math.round((Date.now() - began) / 1000)).padStart(5)} s  ${ended} runs ended, ${
        runs.length - ended
      } under way, `
        + `${timeline.blows.length} blows, ${timeline.violations.length} violations`
    )
  }
}

/** Whoever reads a thread's state now reads what is left of all that happened to it. */
const checkStates = async (
  reading: Reading,
  threads: ReadonlyArray<ThreadNote>,
  clientFor: (thread: ThreadNote) => Reading["client"]
) => {
  const left = [...threads]
  const worker = async () => {
    for (let thread = left.pop(); thread !== undefined; thread = left.pop()) {
      const { threadId } = thread
      const client = clientFor(thread)
      const { values } = await insist(
        reading,
        "state",
        (signal) => client.threads.getState(threadId, undefined, { signal })
      )
      checkState(reading.timeline, thread, values)
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
}

/** Lets clients talk while everything is struck, waits until all has settled, and looks at what is left. */
export const drive = async (stage: Stage) => {
  const { effects, executing, interrupted, observer, options, postgres, servers, speakers, timeline } = stage
  const enough = new AbortController(), over = new AbortController()
  interrupted.addEventListener("abort", () => {
    timeline.close()
    enough.abort()
    over.abort()
  })
  await Promise.all(servers.map(({ start }) => start()))

  const threads: Array<ThreadNote> = []
  const reading = { timeline, signal: signalOf(over) }
  const talkers = Array.from({ length: options.threads }, (_, index) => {
    const { agent = "", token = "" } = speakers[index % speakers.length] ?? {}
    const name = `c${index}`
    return {
      ...reading,
      name,
      agent,
      token,
      client: clientOf(servers, token, randomOf(options.seed, `${name} asks`)),
      random: randomOf(options.seed, `${name} says`),
      thinkSeconds: options.thinkSeconds,
      enough: signalOf(enough),
      onThread: (thread: ThreadNote) => void threads.push(thread),
      onRead: async (note: ThreadNote["runs"][number]) => {
        await checkLog(observer, timeline, note)
        executing.ended(note.task.marker)
      }
    }
  })
  const say = setInterval(progress(stage, threads), 10_000)
  try {
    const chaosEnds = setTimeout(() => enough.abort(), options.seconds * 1000)
    const talking = Promise.all(talkers.map(talk))
    await chaos({ options, servers, postgres, observer, executing, timeline, enough: signalOf(enough) })
      .finally(() => clearTimeout(chaosEnds))
    options.say("Chaos is over; what it left is waited for …")
    const patience = setTimeout(() => over.abort(), settlingMs(options))
    await talking
    clearTimeout(patience)
  } finally {
    clearInterval(say)
    enough.abort()
  }

  const again: Reading = {
    timeline,
    signal: AbortSignal.any([interrupted, AbortSignal.timeout(300_000)]),
    client: talkers[0]?.client ?? clientOf(servers, "", randomOf(options.seed, "states"))
  }
  const clients = new Map(talkers.map(({ client, token }) => [token, client]))
  await checkStates(again, threads, ({ token }) => clients.get(token) ?? again.client)
  for (const thread of threads) checkTurns(timeline, thread)
  const counts = checkEffects(timeline, threads, effects)
  const found = { ...counts, ...(await checkTables(observer, timeline, threads)) }
  const notes = threads.flatMap(({ runs }) => runs)
  return { found, notes, evidence: await evidenceOf(observer, timeline, notes, effects) }
}
