import { setTimeout as sleep } from "node:timers/promises"
import { Mismatch, told } from "./Expect.ts"
import type { Row } from "./Row.ts"
import { type Sdk, type Server, worldOf } from "./World.ts"

export type Outcome = "passed" | "failed" | "skipped"

export interface Result {
  readonly group: string
  readonly name: string
  readonly sdk: Sdk
  readonly outcome: Outcome
  readonly why: string
  readonly ms: number
}

const wordsOf = (error: unknown) =>
  error instanceof Mismatch ? error.message : told(error instanceof Error ? error.message : String(error))

/** A row that hangs has failed. */
const within = async (ms: number, run: Promise<void>) => {
  const late = new AbortController()
  try {
    await Promise.race([
      run,
      sleep(ms, undefined, { signal: late.signal }).then(() => {
        throw new Mismatch(`not done within ${ms / 1000} s`)
      })
    ])
  } finally {
    late.abort()
  }
}

const limit = 120_000
const slowLimit = 120_000

export const playRow = async (server: Server, sdk: Sdk, row: Row): Promise<Result> => {
  const { group, name } = row
  const missing = (row.needs ?? []).filter((need) => !server.has.has(need))
  if (missing.length > 0) {
    return { group, name, sdk, outcome: "skipped", why: `the server has no ${missing.join(" and no ")}`, ms: 0 }
  }
  const started = performance.now()
  const ended = (outcome: Outcome, why: string): Result => ({
    group,
    name,
    sdk,
    outcome,
    why,
    ms: Math.round(performance.now() - started)
  })
  try {
    await within(row.slow === true ? slowLimit : limit, row.run(worldOf(server, sdk)))
    return ended("passed", "")
  } catch (error) {
    return ended("failed", wordsOf(error))
  }
}

/** All rows, some of them at once: none depends on another. */
export const play = async (
  server: Server,
  sdks: ReadonlyArray<Sdk>,
  rows: ReadonlyArray<Row>,
  atOnce = 6
): Promise<ReadonlyArray<Result>> => {
  const tasks = sdks.flatMap((sdk) => rows.map((row) => ({ sdk, row })))
  const results: Array<Result> = []
  let next = 0
  const worker = async () => {
    for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) {
      results[tasks.indexOf(task)] = await playRow(server, task.sdk, task.row)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return results
}
