import { Effect, Schedule } from "effect"
import { readFile, rm, stat } from "node:fs/promises"
import { basename, join } from "node:path"
import { attempt } from "./Binaries.ts"
import { UnusableFolder } from "./Folder.ts"

/** Each Postgres names the process that started it, on its command line and so in every list of processes. */
export const ownedBy = (pid: number) => `throughline-${pid}`

const owner = /cluster_name=throughline-(\d+)/

export const inUse = (data: string, by: string) =>
  new UnusableFolder({
    expected:
      `a folder that no other server uses; ${by} uses ${data}. Stop that one, or set another folder for this one`
  })

/** Empty for a file that is not there: of a process that has ended there is nothing to read. */
const textOf = (path: string) => readFile(path, "utf8").catch(() => "")

/** Its state and its parent stand behind its name, which may hold anything. */
const statusOf = async (pid: number) => {
  const text = await textOf(`/proc/${pid}/stat`)
  const [state = "", parent = ""] = text.slice(text.lastIndexOf(")") + 2).split(" ")
  return { gone: text === "" || state === "Z", parent }
}

/** Where it can't be told, because the folder was moved, they are taken for the same. */
const isSame = (one: string, other: string) =>
  Promise.all([stat(one), stat(other)]).then(([a, b]) => a.dev === b.dev && a.ino === b.ino, () => true)

const isClusterOf = async (data: string, [program = "", ...words]: ReadonlyArray<string>) => {
  const its = words[words.indexOf("-D") + 1]
  return basename(program) === "postgres" && its !== undefined && await isSame(data, its)
}

/** Who Postgres's lock file says runs on this cluster. Without /proc there is no telling, and Postgres itself decides. */
const holderOf = async (data: string) => {
  const pid = Number((await textOf(join(data, "postmaster.pid"))).split("\n")[0])
  if (!(pid > 0)) return undefined
  const { gone, parent } = await statusOf(pid)
  if (parent === "") return undefined
  const command = await textOf(`/proc/${pid}/cmdline`)
  const alive = !gone && await isClusterOf(data, command.split("\0"))
  return { pid, alive, owner: owner.exec(command)?.[1], parent }
}

const untilGone = (pid: number) =>
  Effect.promise(() => statusOf(pid)).pipe(
    Effect.repeat({ until: ({ gone }) => gone, schedule: Schedule.spaced("20 millis") }),
    Effect.timeoutOption("15 seconds")
  )

/** It may have ended by itself in between; whether it has is looked at, and not what became of the signal. */
const signal = (pid: number, name: "SIGINT" | "SIGQUIT") => Effect.ignore(Effect.try(() => process.kill(pid, name)))

/** First the fast shutdown (SIGINT), then the immediate one, after which the next start recovers from the log. */
const takeDown = Effect.fnUntraced(function*(pid: number, data: string) {
  yield* Effect.logInfo("Waiting for the Postgres of a server that was killed")
  for (const name of ["SIGINT", "SIGQUIT"] as const) {
    yield* signal(pid, name)
    if ((yield* untilGone(pid))._tag === "Some") return
  }
  return yield* inUse(data, `process ${pid}`)
})

/**
 * Makes way for a Postgres on this cluster: one that outlived its server goes down, one with a server stays. A lock file
 * whose process has ended is no obstacle to Postgres; one whose number has gone to another program would be, for ever.
 */
export const makeWay = Effect.fnUntraced(function*(data: string) {
  const holder = yield* attempt("Looking for a Postgres that runs already", () => holderOf(data))
  if (holder === undefined) return
  if (!holder.alive) {
    return yield* attempt("Removing a stale lock file", () => rm(join(data, "postmaster.pid"), { force: true }))
  }
  if (holder.owner === undefined || holder.parent === holder.owner) {
    return yield* inUse(data, `process ${holder.owner ?? holder.pid}`)
  }
  yield* takeDown(holder.pid, data)
})
