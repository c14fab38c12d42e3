import { readdir, readFile } from "node:fs/promises"
import { createServer } from "node:http"
import { startNode } from "./Processes.ts"

const program = new URL("../../src/app/throughline.ts", import.meta.url).pathname

/** The server as operators start it, in an environment of its own and on a free port; or by an entry of the test's. */
export const startServer = (env: Readonly<Record<string, string>>, entry?: string) => {
  const { ended, kill, output, pid } = startNode(entry === undefined ? [program, "start"] : [entry], {
    PORT: "0",
    ...env
  })
  const said = (pattern: RegExp) => pattern.exec(output.stdout)
  /** Waits until it has printed something, or has ended. */
  const printed = async (pattern: RegExp): Promise<RegExpExecArray> => {
    const over = ended.then(() => true)
    for (;;) {
      const found = said(pattern)
      if (found !== null) return found
      const tick = new Promise<boolean>((resolve) => setTimeout(resolve, 20, false))
      if (await Promise.race([over, tick]) && said(pattern) === null) {
        throw new Error(`It ended without printing ${pattern}:\n${output.stdout}\n${output.stderr}`)
      }
    }
  }
  const listening = async () => (await printed(/Listening at (http:[^"\s]+)/))[1] ?? ""
  /** Waits until the database has its tables as well. */
  const ready = async () => {
    const url = await listening()
    while ((await fetch(`${url}/ready`)).status !== 200) await new Promise((resolve) => setTimeout(resolve, 20))
    return url
  }
  return { pid, ended, output, kill, printed, listening, ready }
}

export type ServerProcess = ReturnType<typeof startServer>

const parentOf = async (pid: string) => {
  // Of a process that has just ended there is nothing to read.
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])
}

/** Every process that a process has started, and those that they have. */
export const descendants = async (pid: number): Promise<ReadonlyArray<number>> => {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name))
  const parents = new Map(await Promise.all(pids.map(async (pid) => [Number(pid), await parentOf(pid)] as const)))
  const found = [pid]
  for (const ancestor of found) {
    for (const [child, parent] of parents) if (parent === ancestor) found.push(child)
  }
  return found.slice(1)
}

export const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Whether anybody could listen on a server's port again. */
export const portIsFree = (url: string) =>
  new Promise<boolean>((resolve) => {
    const server = createServer().once("error", () => resolve(false))
    server.listen(Number(new URL(url).port), "127.0.0.1", () => server.close(() => resolve(true)))
  })
