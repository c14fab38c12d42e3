import { spawn } from "node:child_process"

export interface Ended {
  /** Null: ended by a signal. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A program of ours as a process of its own. */
export const startNode = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) => {
  const child = spawn(process.execPath, args, { env: { PATH: process.env["PATH"], ...env }, stdio: "pipe" })
  const output = { stdout: "", stderr: "" }
  child.stdout.on("data", (chunk) => (output.stdout += String(chunk)))
  child.stderr.on("data", (chunk) => (output.stderr += String(chunk)))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code) => resolve({ code, ...output }))
  })
  return { pid: child.pid ?? 0, ended, output, kill: (signal: NodeJS.Signals) => child.kill(signal) }
}
