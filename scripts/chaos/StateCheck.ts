import { Schema } from "effect"
import type { RunNote, ThreadNote } from "./Notes.ts"
import { answerOf, resultOf, withoutTools, wordsOf } from "./Script.ts"
import type { Timeline } from "./Timeline.ts"

const Message = Schema.Struct({ type: Schema.String, content: Schema.Unknown })
const messagesOf = Schema.decodeUnknownSync(Schema.Struct({ messages: Schema.Array(Message) }))

/** Texts come as such or as blocks. */
const textOf = (content: unknown): string =>
  typeof content === "string"
    ? content
    : Array.isArray(content)
    ? content.map((block: unknown) =>
      typeof block === "object" && block !== null && "text" in block ? String(block.text) : ""
    ).join("")
    : ""

/** What a run leaves on its thread: each step once, whoever executed it and how often. */
const saidBy = (note: RunNote, said: ReadonlySet<string>): ReadonlyArray<string> => {
  const { marker, steps } = note.task
  const last = `ai: ${withoutTools(marker)}`
  const unreached = said.has(last)
  if (unreached) note.toolsFailed = true
  const all = Array.from({ length: steps }, (_, index) => ({
    call: `ai: Step ${index + 1} of ${marker}.`,
    result: `tool: ${resultOf(marker, index + 1)}`
  }))
  const done = unreached ? all.filter(({ call }) => said.has(call)) : all
  return [
    `human: ${wordsOf(note.task)}`,
    ...done.flatMap(({ call, result }) => [call, result]),
    unreached ? last : `ai: ${answerOf(marker)}`
  ]
}

/**
 * What a tool failed with is for the model to deal with: a worker that thaws finds its connections closed, and one that
 * takes a run over may not reach the server that the last one was about to ask.
 */
const isFailure = (line: string | undefined, due: string | undefined): boolean =>
  due?.startsWith("tool: counted ") === true
  && (line?.startsWith("tool: MCP tool 'count'") === true
    || line?.startsWith("tool: Error: count is not a valid tool") === true)

/** The thread's state tells its runs in the order of their creation, whole and once. */
export const checkState = (timeline: Timeline, { runs, threadId }: ThreadNote, values: unknown) => {
  const said = messagesOf({ messages: [], ...(typeof values === "object" ? values : {}) }).messages
    .map(({ content, type }) => `${type}: ${textOf(content)}`)
  const known = new Set(said)
  const due = runs.filter(({ runId }) => runId !== null).flatMap((note) => saidBy(note, known))
  const first = due.findIndex((line, index) => said[index] !== line && !isFailure(said[index], line))
  for (const note of runs) {
    if (said.some((line, index) => isFailure(line, due[index]) && due[index]?.includes(` ${note.task.marker} `))) {
      note.toolsFailed = true
    }
  }
  timeline.count("runs whose tool server was out of reach", runs.filter((note) => note.toolsFailed).length)
  if (first === -1 && said.length === due.length) return
  const at = first === -1 ? due.length : first
  timeline.violated(
    "the thread tells it in order",
    `thread ${threadId}: message ${at} is “${said[at] ?? "missing"}” where “${due[at] ?? "nothing"}” was due; `
      + `${said.length} messages, ${due.length} due`,
    runs[0]?.task.marker
  )
}
