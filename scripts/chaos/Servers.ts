import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import type { Timeline } from "./Timeline.ts"

/** What a server is doing, as far as its keeper knows. */
type State = "starting" | "up" | "frozen" | "leaving" | "down"

export interface ServerOptions {
  readonly name: string
  readonly port: number
  /** node's arguments: the entry point and what it is told. */
  readonly command: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
  readonly logFile: string
  readonly timeline: Timeline
}

const ended = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

/** How long a stop that was asked for may take beyond SHUTDOWN_TIMEOUT_SECONDS, on a machine that is busy. */
const patienceMs = 60_000

/** A server in a process of its own, at the same address in all its lives, kept alive until it is closed. */
export const keepServer = (options: ServerOptions) => {
  const { command, env, logFile, name, port, timeline } = options
  const url = `http://127.0.0.1:${port}`
  let state: State = "down"
  let life = 0
  let child: ChildProcess | undefined
  let closed = false

  const isReady = async () => {
    const response = await fetch(`${url}/ready`, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined)
    await response?.body?.cancel()
    return response?.status === 200
  }

  const start = async (): Promise<void> => {
    if (closed) return
    const log = openSync(logFile, "a")
    // It dies with us, however we die.
    const started = spawn("setpriv", ["--pdeathsig", "KILL", process.execPath, ...command], {
      env: { PATH: process.env["PATH"], PORT: String(port), ...env },
      stdio: ["ignore", log, log]
    })
    closeSync(log)
    child = started
    life += 1
    state = "starting"
    started.once("exit", (code, signal) => {
      if (child !== started || state === "down" || state === "leaving") return
      timeline.violated("servers stay up", `${name} ended by itself with ${code ?? signal}; its log: ${logFile}`)
      state = "down"
      void start()
    })
    return untilReady(life)
  }

  const isStarting = (inLife: number) => life === inLife && state === "starting"

  const untilReady = async (inLife: number) => {
    const began = Date.now()
    while (isStarting(inLife)) {
      if (!(await isReady())) await sleep(50)
      else if (isStarting(inLife)) {
        state = "up"
        timeline.took("from start to ready", began)
      }
    }
  }

  const exit = async (of: ChildProcess) => {
    while (!ended(of)) await sleep(5)
  }

  const kill = async () => {
    const victim = child
    state = "down"
    if (victim === undefined || ended(victim)) return
    victim.kill("SIGKILL")
    await exit(victim)
  }

  return {
    name,
    url,
    logFile,
    state: () => state,
    pid: () => child?.pid,
    start,
    /** At once, and without a word. */
    kill,
    /** As operators do it. */
    stop: async () => {
      const leaving = child
      state = "leaving"
      if (leaving === undefined) return
      const asked = Date.now()
      leaving.kill("SIGTERM")
      const late = await Promise.race([exit(leaving).then(() => false), sleep(patienceMs, true, { ref: false })])
      if (late) {
        timeline.violated("SIGTERM is heeded", `${name} was still there after ${patienceMs} ms; its log: ${logFile}`)
        return kill()
      }
      state = "down"
      timeline.took("from SIGTERM to exit", asked)
      if (leaving.exitCode !== 0) {
        timeline.violated("SIGTERM is heeded", `${name} ended with ${leaving.exitCode ?? leaving.signalCode}`)
      }
    },
    freeze: () => {
      state = "frozen"
      child?.kill("SIGSTOP")
    },
    thaw: () => {
      state = "up"
      child?.kill("SIGCONT")
    },
    /** For good. */
    close: () => {
      closed = true
      return kill()
    }
  }
}

export type Server = ReturnType<typeof keepServer>
