import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { chown, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { type Binaries, findBinaries, run } from "../../src/adapters/embedded-postgres/Binaries.ts"
import { fixedPort } from "./Ports.ts"

/** `fast` ends what is under way in an orderly way; `immediate` leaves it to the recovery of the next start. */
export type Stop = "fast" | "immediate"

const signals = { fast: "SIGINT", immediate: "SIGQUIT" } as const

const settings = (port: number) =>
  Object.entries({
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: 300,
    log_lock_waits: "on"
  }).flatMap(([name, value]) => ["-c", `${name}=${value}`])

/** Dies with its parent, however that dies. */
const launch = ({ postgres, user }: Binaries, data: string, port: number) =>
  spawn("setpriv", ["--pdeathsig", "INT", postgres, "-D", data, ...settings(port)], {
    ...user,
    cwd: "/",
    detached: true,
    stdio: ["ignore", "ignore", "pipe"]
  })

const gone = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

const exited = (child: ChildProcess) =>
  new Promise<void>((resolve) => gone(child) ? resolve() : child.once("exit", () => resolve()))

const initialise = async ({ initdb, user }: Binaries, folder: string) => {
  if (user.uid !== undefined) await chown(folder, user.uid, user.uid)
  const data = join(folder, "data")
  const options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
  await run(initdb, [`--pgdata=${data}`, ...options], { ...user, cwd: "/" })
  return data
}

/** Words of the log that differ from line to line. */
const general = (line: string) =>
  line.replace(/^.*?\b(ERROR|FATAL|PANIC): +/, "$1: ").replace(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g, "…")

/**
 * A Postgres that keeps its promises (fsync is on), with a port and data that outlast its restarts. Its complaints are
 * counted: a deadlock that somebody retried is invisible elsewhere.
 */
export const restartablePostgres = Effect.gen(function*() {
  const binaries = yield* findBinaries
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "throughline-chaos-postgres-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true, maxRetries: 5 }))
  )
  const data = yield* Effect.promise(() => initialise(binaries, folder))
  const port = yield* Effect.promise(fixedPort)
  const complaints = new Map<string, number>()

  const attempt = async () => {
    const child = launch(binaries, data, port)
    const log: Array<string> = []
    const ready = new Promise<void>((resolve, reject) => {
      child.once("error", reject)
      child.once("close", (code) => reject(new Error(`Postgres ended with ${code}:\n${log.join("\n")}`)))
      createInterface({ input: child.stderr }).on("line", (line) => {
        if (line.includes("ready to accept connections")) resolve()
        if (/\b(ERROR|FATAL|PANIC): /.test(line)) {
          complaints.set(general(line), (complaints.get(general(line)) ?? 0) + 1)
        }
        if (log.length < 50) log.push(line)
      })
    })
    await ready
    return child
  }

  /** After an immediate stop, backends may hold the shared memory for a moment yet. */
  const start = async (tries = 20): Promise<ChildProcess> => {
    try {
      return await attempt()
    } catch (error) {
      if (tries === 0) throw error
      await sleep(250)
      return start(tries - 1)
    }
  }

  let restarting: Promise<unknown> = Promise.resolve()
  let closed = false
  let child: ChildProcess = yield* Effect.acquireRelease(
    Effect.promise(() => start()),
    () =>
      Effect.promise(async () => {
        closed = true
        await restarting
        child.kill("SIGQUIT")
        await exited(child)
      })
  )

  const again = async (how: Stop) => {
    if (closed) return
    child.kill(signals[how])
    await exited(child)
    child = await start()
  }

  return {
    url: (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`,
    complaints,
    /** The same port and data, a moment later. One restart at a time. */
    restart: (how: Stop) => {
      restarting = restarting.then(() => again(how))
      return restarting
    }
  }
})

export type RestartablePostgres = Effect.Success<typeof restartablePostgres>
