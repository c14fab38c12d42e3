import type { Client } from "@langchain/langgraph-sdk"
import { question, said } from "./Conversation.ts"
import type { Person, Throughline } from "./Throughline.ts"

type Payload = NonNullable<Parameters<Client["runs"]["wait"]>[2]>

/** Says one thing after the other on a thread, each answered before the next, and what has been said by then. */
export const say = async (
  world: Throughline,
  person: Person,
  thread: string,
  assistant: string,
  texts: ReadonlyArray<string>,
  payload: Payload = {}
) => {
  let values: unknown = {}
  for (const text of texts) {
    values = await world.client(person).runs.wait(thread, assistant, { input: question(text), ...payload })
  }
  return said(values)
}

/** The same on a thread of its own. */
export const talk = async (
  world: Throughline,
  person: Person,
  assistant: string,
  texts: ReadonlyArray<string>,
  payload: Payload = {}
) => {
  const { thread_id } = await world.client(person).threads.create()
  return { thread_id, said: await say(world, person, thread_id, assistant, texts, payload) }
}

interface Listed {
  readonly assistant_id: string
}

/** Every assistant that somebody's search shows. */
export const listed = async (world: Throughline, person: Person): Promise<ReadonlyArray<string>> => {
  const found: ReadonlyArray<Listed> = await world.client(person).assistants.search({ limit: 1000 })
  return found.map(({ assistant_id }) => assistant_id)
}
