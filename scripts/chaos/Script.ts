import { type ChatMessage, type ChatRequest, type Reply, textOf } from "../../src/adapters/demo/OpenAiProtocol.ts"

/** What a run is to do: so many tool calls one after the other, then an answer that takes its time. */
export interface Task {
  /** Which run this is, wherever one meets it. */
  readonly marker: string
  readonly steps: number
  readonly paceMs: number
}

/** As a person says it to the model, who needs to know nothing else. */
export const wordsOf = ({ marker, paceMs, steps }: Task) => `chaos ${marker} steps=${steps} pace=${paceMs}`

const form = /^chaos (\S+) steps=(\d+) pace=(\d+)$/

export const taskOf = (words: string): Task | undefined => {
  const [, marker, steps, paceMs] = form.exec(words) ?? []
  return marker === undefined ? undefined : { marker, steps: Number(steps), paceMs: Number(paceMs) }
}

/** What the tool says of a step. */
export const resultOf = (marker: string, step: number) => `counted ${marker} step ${step}`

/** Its last words, if it was executed where the tools were out of reach: then a run goes on without them. */
export const withoutTools = (marker: string) => `I have no tool to count ${marker} with.`

/** The run's last words. */
export const answerOf = (marker: string) => `done ${marker}: nothing lost, nothing twice, all in order`

const countingTool = ({ tools = [] }: ChatRequest) =>
  tools.map((tool) => tool.function.name).find((name) => name === "count" || name.endsWith("__count"))

/**
 * The model has no memory of its own: which step is next follows from what it is sent, so a run that is continued
 * elsewhere continues.
 */
export const replyTo = (request: ChatRequest, asked: (marker: string) => void): Reply => {
  const { messages } = request
  const spoken = messages.findLastIndex(({ role }) => role === "user")
  const question: ChatMessage | undefined = messages[spoken]
  const task = question === undefined ? undefined : taskOf(textOf(question))
  if (task === undefined) return { text: "I was not asked for any chaos." }
  asked(task.marker)
  const done = messages.slice(spoken + 1).filter(({ role }) => role === "tool").length
  if (done >= task.steps) return { text: answerOf(task.marker), takesMs: task.paceMs }
  const name = countingTool(request)
  if (name === undefined) return { text: withoutTools(task.marker) }
  const step = done + 1
  return {
    text: `Step ${step} of ${task.marker}.`,
    calls: [{ name, arguments: JSON.stringify({ run: task.marker, step }) }]
  }
}
