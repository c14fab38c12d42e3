import { Effect, Schema } from "effect"
import { mkdir, writeFile } from "node:fs/promises"
import { agents } from "../../src/adapters/demo/World.ts"
import { ownServer, worldDatabase } from "../support/OwnWorld.ts"
import { inspectable, inspector, inspectorUrl } from "./Inspector.ts"
import { type BenchOptions, round, type Section } from "./Report.ts"
import { backends, overHttp } from "./Runs.ts"
import { sqlTap } from "./SqlTap.ts"

const decodeProfile = Schema.decodeUnknownSync(
  Schema.Struct({
    nodes: Schema.Array(Schema.Struct({
      id: Schema.Int,
      callFrame: Schema.Struct({ functionName: Schema.String, url: Schema.String })
    })),
    samples: Schema.Array(Schema.Int),
    timeDeltas: Schema.Array(Schema.Int)
  })
)

/** Whose code it is: a package, a folder of ours, node's own, or what V8 calls in brackets. */
const ownerOf = ({ functionName, url }: { readonly functionName: string; readonly url: string }) => {
  const packages = [...url.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)/g)]
  const ours = /\/src\/([^/]+(?:\/[^/]+)?)\//.exec(url)?.[1]
  return packages.at(-1)?.[1] ?? (ours === undefined ? undefined : `src/${ours}`) ??
    (url === "" ? functionName : "node")
}

const isIdle = (owner: string) => owner === "(idle)" || owner === "(program)" || owner === "(root)"

/** Milliseconds of the processor by owner, for each of some runs. */
const costs = (profile: unknown, runs: number) => {
  const { nodes, samples, timeDeltas } = decodeProfile(profile)
  const owners = new Map(nodes.map(({ callFrame, id }) => [id, ownerOf(callFrame)]))
  const micros = new Map<string, number>()
  samples.forEach((id, index) => {
    const owner = owners.get(id) ?? "?"
    if (!isIdle(owner)) micros.set(owner, (micros.get(owner) ?? 0) + (timeDeltas[index] ?? 0))
  })
  return [...micros].map(([owner, micros]) => ({ owner, millis: micros / 1000 / runs }))
    .toSorted((left, right) => right.millis - left.millis)
}

/** A statement in a line, its numbered places for values as one. */
const shortened = (statement: string) =>
  statement.replace(/\s+/g, " ").replace(/\(\$[\s\d$,():a-z]*\$\d+\)+/g, "($…)").trim().slice(0, 110)

/** Where the time of a run goes: its processor time by package, its statements and what they wait for. */
export const profile = Effect.fnUntraced(function*({ quick }: BenchOptions) {
  const { mcpUrl, modelUrl } = yield* backends
  const tap = yield* sqlTap(yield* worldDatabase("profile", mcpUrl))
  const server = yield* ownServer({ databaseUrl: tap.url, modelUrl, execArgv: inspectable })
  const [url = ""] = yield* Effect.promise(() => server.line(inspectorUrl))
  const debug = yield* inspector(url)
  const target = { url: server.url, token: server.tokens.member, agent: agents.recht }

  return yield* Effect.promise(async (): Promise<Section> => {
    const count = quick ? 50 : 300
    await overHttp(target, "stream", 100, 1)
    await debug.startProfile()
    const { seconds } = await overHttp(target, "stream", count, 1)
    const profile = await debug.stopProfile()
    const folder = new URL("../../bench-results", import.meta.url).pathname
    await mkdir(folder, { recursive: true })
    await writeFile(`${folder}/run.cpuprofile`, JSON.stringify(profile))
    tap.take()
    await overHttp(target, "stream", 1, 1)
    const { roundTrips, statements } = tap.take()
    const owners = costs(profile, count)
    const total = owners.reduce((sum, { millis }) => sum + millis, 0)
    return {
      title: `A run: ${round((seconds * 1000) / count)} ms, ${round(total)} ms of them the server's processor time, `
        + `${statements.length} statements in ${roundTrips} round trips`,
      arrangement:
        `Mean of ${count}, one at a time, their threads' creation included. Kept: bench-results/run.cpuprofile`,
      rows: [
        ...owners.slice(0, 20).map(({ millis, owner }) => ({
          "ms a run": round(millis),
          "of the processor, or a statement": owner
        })),
        ...statements.map((statement) => ({ "ms a run": "", "of the processor, or a statement": shortened(statement) }))
      ],
      targets: []
    }
  })
})
