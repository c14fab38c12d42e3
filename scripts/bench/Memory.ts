import { Effect } from "effect"
import { readFile } from "node:fs/promises"
import { setTimeout as sleep } from "node:timers/promises"
import { agents } from "../../src/adapters/demo/World.ts"
import { ownServer, worldDatabase } from "../support/OwnWorld.ts"
import { inspectable, inspector, inspectorUrl } from "./Inspector.ts"
import { atMost, type BenchOptions, round, type Section } from "./Report.ts"
import { backends, overHttp } from "./Runs.ts"

/** What the process occupies, in MB. */
const rssMb = async (pid: number) => {
  const status = await readFile(`/proc/${pid}/status`, "utf8")
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? NaN) / 1024
}

/** The server keeps what a run told for a minute, for readers who come back; the next run clears away what is older. */
const forgotten = 62_000

/** Idle, and whether runs leave something behind. */
export const memory = Effect.fnUntraced(function*({ quick }: BenchOptions) {
  const { mcpUrl, modelUrl } = yield* backends
  const databaseUrl = yield* worldDatabase("memory", mcpUrl)
  const idle = yield* Effect.scoped(Effect.gen(function*() {
    const server = yield* ownServer({ databaseUrl, modelUrl })
    yield* Effect.sleep("5 seconds")
    return yield* Effect.promise(() => rssMb(server.pid))
  }))

  const server = yield* ownServer({ databaseUrl, modelUrl, execArgv: inspectable })
  const [url = ""] = yield* Effect.promise(() => server.line(inspectorUrl))
  const { liveMb } = yield* inspector(url)
  const target = { url: server.url, token: server.tokens.member, agent: agents.recht }

  return yield* Effect.promise(async (): Promise<Section> => {
    const rows: Array<Section["rows"][number]> = []
    let done = 0
    const runs = async (count: number) => {
      const { seconds } = await overHttp(target, "stream", count, 8)
      done += count
      return count / seconds
    }
    const look = async (when: string, perSecond?: number) => {
      const rss = await rssMb(server.pid)
      const live = await liveMb()
      rows.push({
        when,
        runs: done,
        "RSS MB": round(rss),
        "live heap MB": round(live),
        "runs/s": perSecond === undefined ? "" : round(perSecond)
      })
      return live
    }
    const settled = async () => {
      await sleep(forgotten)
      await runs(1)
      return look("a minute later")
    }
    await look("started")
    // Until all code is loaded, and the debugger keeps as many log lines (a thousand) as it ever will.
    await runs(500)
    const before = await settled()
    const batch = quick ? 100 : 250
    const batches = quick ? 3 : 8
    for (let index = 0; index < batches; index++) await look("under load", await runs(batch))
    const after = await settled()
    const count = batch * batches
    return {
      title: "Memory",
      arrangement:
        "Idle: RSS of the process, 5 s after its start. Under load: runs over HTTP, 8 at once, on a second server "
        + "whose garbage is collected before each look at its live heap.",
      rows,
      targets: [
        atMost("idle, RSS", idle, 250, " MB"),
        // What a run tells is 30 kB, so a log that stays would be sixty times this.
        atMost(`growth of the live heap over ${count} runs`, after - before, 1, " MB")
      ]
    }
  })
})
