import { Effect } from "effect"

const width = 30

/** How far something has come, to a person who watches; a log file has no use for it. */
export const progress = (text: string) =>
  Effect.sync(() => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
  })

export const progressDone = progress("")

/** `[######------] 412 of 1000 agents`. */
export const bar = (done: number, total: number, what: string): string => {
  const filled = total === 0 ? width : Math.floor((width * Math.min(done, total)) / total)
  return `[${"#".repeat(filled)}${"-".repeat(width - filled)}] ${done} of ${total} ${what}`
}
