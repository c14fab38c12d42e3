import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, open, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

const program = new URL("../../src/app/throughline.ts", import.meta.url).pathname

/** As package.json's `start` has it. */
const asNpmStart = ["--max-semi-space-size=32"]

/** Waits for something that another process does, and says what it waited for in vain. */
export const until = async <A>(what: string, find: () => Promise<A | undefined>, ms = 30_000): Promise<A> => {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) {
    const found = await find()
    if (found !== undefined) return found
  }
  throw new Error(`${what} did not happen within ${ms} ms`)
}

const ended = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

/** A SIGTERM drains; whoever has not gone after that is not waited for. */
export const stopped = async (child: ChildProcess) => {
  const exit = new Promise((resolve) => child.once("exit", resolve))
  if (ended(child)) return
  child.kill("SIGTERM")
  if ((await Promise.race([exit, sleep(15_000, "late" as const)])) === "late") child.kill("SIGKILL")
}

export interface ServerOptions {
  /** All that it gets to know: nothing of this process's environment but the path. */
  readonly env: Readonly<Record<string, string>>
  /** Options of node's own. */
  readonly execArgv?: ReadonlyArray<string>
}

/**
 * A Throughline in a process of its own, started from its entry point and configured as operators do it. Its log goes to
 * a file: reading a pipe would cost whoever measures it.
 */
export const serverProcess = Effect.fnUntraced(function*({ env, execArgv = [] }: ServerOptions) {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "throughline-script-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
  )
  const file = join(folder, "log")
  const child = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const log = await open(file, "w")
      const child = spawn(process.execPath, [...asNpmStart, ...execArgv, program, "start"], {
        env: { PATH: process.env["PATH"], LOG_FORMAT: "json", PORT: "0", ...env },
        stdio: ["ignore", log.fd, log.fd]
      })
      child.once("exit", () => void log.close())
      return child
    }),
    (child) =>
      Effect.promise(async () => {
        // Whoever asked it only knows that it answered no more.
        if (ended(child)) console.error(`The server ended by itself:\n${(await readFile(file, "utf8")).slice(-2000)}`)
        await stopped(child)
      })
  )
  const log = () => readFile(file, "utf8")
  const line = (pattern: RegExp) =>
    until(`the log line ${pattern}`, async () => {
      const text = await log()
      const found = pattern.exec(text)
      if (found === null && ended(child)) throw new Error(`The server ended with ${child.exitCode}:\n${text}`)
      return found ?? undefined
    })
  const [, url = ""] = yield* Effect.promise(() => line(/Listening at (http:[^"\s]+)/))
  return {
    url,
    pid: child.pid ?? 0,
    /** All that it has logged so far, a JSON text a line. */
    log,
    /** Waits until it has logged what matches. */
    line
  }
})

export type ServerProcess = Effect.Success<ReturnType<typeof serverProcess>>
