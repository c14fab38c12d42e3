import { Effect, Schema } from "effect"
import { agents } from "../../src/adapters/demo/World.ts"
import { ownServer, worldDatabase } from "../support/OwnWorld.ts"
import { child } from "./Child.ts"
import { newThread, type Target, turnOn } from "./Http.ts"
import { atMost, type BenchOptions, quantiles, round, type Section } from "./Report.ts"
import { load, type Timing, type Way } from "./Turn.ts"

const decodeReady = Schema.decodeUnknownSync(Schema.Struct({ modelUrl: Schema.String, mcpUrl: Schema.String }))
const decodeLoad = Schema.decodeUnknownSync(
  Schema.Struct({
    timings: Schema.Array(Schema.Struct({ firstToken: Schema.NullOr(Schema.Finite), completion: Schema.Finite })),
    seconds: Schema.Finite
  })
)

/** A model and an MCP server in a process of their own. */
export const backends = Effect.map(child("./Backends.ts"), ({ ready }) => decodeReady(ready))

/** Threads are made before the clock starts: what is compared is a run. */
export const overHttp = async (target: Target, way: Way, count: number, atOnce: number) => {
  const threads: Array<string> = []
  await load(count, 8, async () => {
    threads.push(await newThread(target))
    return { firstToken: null, completion: 0 }
  })
  return load(count, atOnce, (index) => turnOn(target, threads[index] ?? "", way))
}

interface Side {
  readonly timings: Array<Timing>
  seconds: number
}

const side = (): Side => ({ timings: [], seconds: 0 })

const add = (to: Side, { seconds, timings }: { readonly seconds: number; readonly timings: ReadonlyArray<Timing> }) => {
  to.timings.push(...timings)
  to.seconds += seconds
}

const row = (way: Way, atOnce: number, what: string, bare: ReadonlyArray<number>, http: ReadonlyArray<number>) => {
  const left = quantiles(bare), right = quantiles(http)
  return {
    way,
    "at once": atOnce,
    ms: what,
    "bare p50": round(left.p50),
    "http p50": round(right.p50),
    "× p50": round(right.p50 / left.p50),
    "bare p95": round(left.p95),
    "http p95": round(right.p95),
    "× p95": round(right.p95 / left.p95)
  }
}

const completions = ({ timings }: Side) => timings.map(({ completion }) => completion)
const firstTokens = ({ timings }: Side) => timings.flatMap(({ firstToken }) => firstToken ?? [])
const perSecond = ({ seconds, timings }: Side) => round(timings.length / seconds)

const rowsOf = (way: Way, atOnce: number, bare: Side, http: Side) => [
  ...(way === "stream" ? [row(way, atOnce, "first token", firstTokens(bare), firstTokens(http))] : []),
  {
    ...row(way, atOnce, "completion", completions(bare), completions(http)),
    "bare/s": perSecond(bare),
    "http/s": perSecond(http)
  }
]

const arrangement =
  "A turn is two model calls and a tool call; the model answers at once. Four processes: Postgres · model "
  + "and MCP server · the server under test · this one, which asks it.\nBare is a process that asks itself, with the same "
  + "model and MCP server; either opens its MCP session for each turn. Rounds alternate, so that drift hits both."

/** A run over HTTP with Postgres against the same graph called bare. */
export const runs = Effect.fnUntraced(function*({ quick }: BenchOptions) {
  const { mcpUrl, modelUrl } = yield* backends
  const bareProcess = yield* child("./Bare.ts", [modelUrl, mcpUrl])
  const server = yield* ownServer({ modelUrl, databaseUrl: yield* worldDatabase("runs", mcpUrl) })
  const target = { url: server.url, token: server.tokens.member, agent: agents.recht }

  const bareRound = async (way: Way, count: number, atOnce: number) =>
    decodeLoad(await bareProcess.ask({ way, count, atOnce }))

  const compare = async (way: Way, atOnce: number) => {
    const rounds = quick ? 3 : 6
    const count = (quick ? 20 : 50) + 4 * atOnce
    const bare = side(), http = side()
    for (let index = 0; index < rounds; index++) {
      add(bare, await bareRound(way, count, atOnce))
      add(http, await overHttp(target, way, count, atOnce))
    }
    return { bare, http, rows: rowsOf(way, atOnce, bare, http) }
  }

  return yield* Effect.promise(async (): Promise<Section> => {
    for (const way of ["stream", "wait"] as const) {
      await bareRound(way, 100, 4)
      await overHttp(target, way, 100, 4)
    }
    const rows: Array<Section["rows"][number]> = [], targets: Array<Section["targets"][number]> = []
    for (const way of ["stream", "wait"] as const) {
      for (const atOnce of [1, 8, 32]) {
        const { bare, http, rows: found } = await compare(way, atOnce)
        rows.push(...found)
        if (atOnce > 1) continue
        const ratio = quantiles(completions(http)).p50 / quantiles(completions(bare)).p50
        targets.push(atMost(`${way}, completion p50 at 1, against bare`, ratio, 3, "×"))
      }
    }
    return { title: "A run over HTTP against the bare graph", arrangement, rows, targets }
  })
})
