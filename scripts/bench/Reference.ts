import { Effect } from "effect"
import { referenceServer } from "../conformance/Reference.ts"
import { ownServer, worldDatabase } from "../support/OwnWorld.ts"
import { ask, type AskedTiming, type TimedModel, timedModel } from "./Asked.ts"
import { newThread, type Target } from "./Http.ts"
import { atLeast, atMost, type BenchOptions, median, quantiles, round, type Section } from "./Report.ts"
import { load, type Way } from "./Turn.ts"

const graphs = new URL("./graphs/langgraph.json", import.meta.url).pathname

interface Side {
  readonly name: string
  readonly target: Target
  /** Nobody else is at work while a side is asked. */
  readonly resume: () => void
  readonly pause: () => void
}

interface Found {
  readonly timings: Array<AskedTiming>
  seconds: number
}

const levels = [1, 8, 32, 128]
const ways = ["stream", "wait"] as const

const arrangement =
  "A turn is one call of the model, which answers at once with 20 words. The same graph, from one file, in both servers, and "
  + "our own `agent` beside it.\nOurs keeps runs, events and checkpoints in Postgres; the reference keeps them in memory, "
  + "with as many workers as it has by default.\nEach server is a process; Postgres is one, reached by a socket; the model lives in this one, "
  + "which asks. Rounds alternate, so that drift hits all; the reference stands still (SIGSTOP) while ours is asked, since it "
  + "polls."

/** Threads are made before the clock starts: what is compared is a run. */
const play = async ({ pause, resume, target }: Side, model: TimedModel, way: Way, count: number, atOnce: number) => {
  resume()
  const threads: Array<string> = []
  for (let made = 0; made < count; made++) threads.push(await newThread(target))
  const timings: Array<AskedTiming> = []
  const { seconds } = await load(count, atOnce, async (index) => {
    const timing = await ask(target, model, threads[index] ?? "", way)
    timings.push(timing)
    return timing
  })
  pause()
  return { timings, seconds }
}

const completions = ({ timings }: Found) => timings.map(({ completion }) => completion)
const firstTokens = ({ timings }: Found) => timings.flatMap(({ firstToken }) => firstToken ?? [])
const afterModel = ({ timings }: Found) => timings.flatMap(({ afterModel }) => afterModel ?? [])
const perSecond = ({ seconds, timings }: Found) => timings.length / seconds

const rowOf = (way: Way, atOnce: number, { name }: Side, found: Found) => {
  const done = quantiles(completions(found)), first = quantiles(firstTokens(found))
  return {
    way,
    "at once": atOnce,
    server: name,
    "completion p50": round(done.p50),
    "completion p95": round(done.p95),
    ...(way === "stream" && {
      "first token p50": round(first.p50),
      "first token p95": round(first.p95),
      "after the model's p50": round(quantiles(afterModel(found)).p50)
    }),
    "runs/s": round(perSecond(found))
  }
}

/** What is to be reached, against the reference as it comes. */
const targetsOf = (way: Way, atOnce: number, ours: Found, reference: Found) => {
  const ratio = (of: (found: Found) => ReadonlyArray<number>) => median(of(ours)) / median(of(reference))
  const name = `${way}, against the reference at ${atOnce}`
  return [
    ...(atOnce === 1 ? [atMost(`${name}: completion p50`, ratio(completions), 0.1, "×")] : []),
    ...(atOnce === 1 && way === "stream"
      ? [
        atMost(`${name}: first token p50`, ratio(firstTokens), 0.5, "×"),
        atMost("first token after the model's first token, p50 at 1", median(afterModel(ours)), 15, " ms")
      ]
      : []),
    ...(atOnce === 32 ? [atLeast(`${name}: runs per second`, perSecond(ours) / perSecond(reference), 2, "×")] : [])
  ]
}

const nothing = () => {}

const servers = Effect.fnUntraced(function*(modelUrl: string) {
  const { pause, resume, url } = yield* referenceServer({ modelUrl, graphs })
  const databaseUrl = yield* worldDatabase("reference", "http://127.0.0.1:9/mcp")
  const own = yield* ownServer({ modelUrl, databaseUrl, env: { LANGGRAPH_CONFIG_PATH: graphs } })
  const ours = (name: string, agent: string): Side => {
    const target = { url: own.url, token: own.tokens.member, agent }
    return { name, target, resume: nothing, pause: nothing }
  }
  const reference: Side = { name: "reference", target: { url, token: "", agent: "react" }, pause, resume }
  return { reference, ours: ours("ours", "react"), builtIn: ours("ours, `agent`", "agent") }
})

/** A run over HTTP, on the official server and on ours. */
export const reference = Effect.fnUntraced(function*({ quick }: BenchOptions) {
  const model = yield* Effect.acquireRelease(Effect.promise(timedModel), ({ close }) => Effect.promise(close))
  const { builtIn, ours, reference } = yield* servers(model.url)
  const sides = [reference, ours, builtIn]
  return yield* Effect.promise(async (): Promise<Section> => {
    // Until their code is compiled: ours costs a third less by then.
    for (const side of sides) {
      for (const way of ways) await play(side, model, way, quick ? 20 : 400, quick ? 8 : 32)
    }
    const rows: Array<Section["rows"][number]> = [], targets: Array<Section["targets"][number]> = []
    for (const way of ways) {
      for (const atOnce of levels) {
        const found = new Map<Side, Found>(sides.map((side) => [side, { timings: [], seconds: 0 }]))
        const of = (side: Side) => found.get(side) ?? { timings: [], seconds: 0 }
        for (let index = 0; index < (quick ? 1 : 3); index++) {
          for (const side of sides) {
            const { seconds, timings } = await play(side, model, way, (quick ? 5 : 15) + 4 * atOnce, atOnce)
            of(side).timings.push(...timings)
            of(side).seconds += seconds
          }
        }
        rows.push(...sides.map((side) => rowOf(way, atOnce, side, of(side))))
        targets.push(...targetsOf(way, atOnce, of(ours), of(reference)))
      }
    }
    return { title: "A run over HTTP, on the official server and on ours", arrangement, rows, targets }
  })
})
