import { at } from "../Expect.ts"
import type { World } from "../World.ts"

/** An id that nothing has. */
export const nobody = "00000000-0000-4000-8000-000000000000"

/** What a person says: to `agent` a line of the scripted model's, to `chat` anything. */
export const says = (content: string, id?: string) => ({
  messages: [{ role: "user", content, ...(id !== undefined && { id }) }]
})

/** What was said, in order. */
export const textsOf = (values: unknown): ReadonlyArray<unknown> => {
  const messages = at(values, "messages")
  return Array.isArray(messages) ? messages.map((message) => at(message, "content")) : []
}

export const path = (threadId: string, rest: string) => `/threads/${threadId}${rest}`

/** A thread with a run that takes a while. */
export const busy = async ({ client, thread, until }: World, ms: number) => {
  const threadId = await thread()
  const { run_id } = await client.runs.create(threadId, "agent", { input: says(`slow:${ms}:fertig damit`) })
  await until("that the run has begun", async () => (await client.runs.get(threadId, run_id)).status === "running")
  return { threadId, runId: run_id }
}

/** A thread that waits for an answer to "ok?". */
export const asked = async ({ client, thread }: World) => {
  const threadId = await thread()
  const values = await client.runs.wait(threadId, "hitl", { input: { question: "ok?" } })
  return { threadId, values }
}

/** A thread after one turn of `chat`. */
export const talked = async ({ client, thread }: World) => {
  const threadId = await thread()
  await client.runs.wait(threadId, "chat", { input: says("eins") })
  return threadId
}
