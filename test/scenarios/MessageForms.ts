import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { messagesOf, question, said } from "../support/Conversation.ts"
import { allFrames } from "../support/Events.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"
import { post } from "../support/Wire.ts"

const image = { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } }

const pdf = { type: "file", mimeType: "application/pdf", data: "JVBERi0=", metadata: { filename: "vertrag.pdf" } }

/** Ways in which clients really write a message, and what the model has to be told. */
const forms: Readonly<Record<string, { readonly messages: unknown; readonly told: unknown }>> = {
  "by role": { messages: [{ role: "user", content: "say:x" }], told: "say:x" },
  "by type": { messages: [{ type: "human", content: "say:x" }], told: "say:x" },
  "as a pair": { messages: [["human", "say:x"]], told: "say:x" },
  "one pair alone": { messages: ["user", "say:x"], told: "say:x" },
  "as a text": { messages: "say:x", told: "say:x" },
  "one object alone": { messages: { role: "user", content: "say:x" }, told: "say:x" },
  "as LangChain serialises it": {
    messages: [{
      lc: 1,
      type: "constructor",
      id: ["langchain_core", "messages", "HumanMessage"],
      kwargs: { content: "say:x" }
    }],
    told: "say:x"
  },
  "in blocks": {
    messages: [{ role: "user", content: [{ type: "text", text: "say:x" }] }],
    told: [{ type: "text", text: "say:x" }]
  },
  "with a picture": {
    messages: [{ role: "user", content: [{ type: "text", text: "say:x" }, image] }],
    told: [{ type: "text", text: "say:x" }, image]
  },
  "with a picture and a file, as LangChain 1 and Agent Chat UI write them,": {
    messages: [{
      type: "human",
      content: [
        { type: "text", text: "say:x" },
        { type: "image", mimeType: "image/png", data: "iVBORw0KGgo=", metadata: { name: "red.png" } },
        { type: "image", url: "https://example.org/red.png" },
        pdf
      ]
    }],
    told: [
      { type: "text", text: "say:x" },
      image,
      { type: "image_url", image_url: { url: "https://example.org/red.png" } },
      { type: "file", file: { file_data: "data:application/pdf;base64,JVBERi0=", filename: "vertrag.pdf" } }
    ]
  }
}

const lastTold = ({ model }: Throughline): unknown => {
  const { messages } = Object(model.requests.at(-1)?.body)
  return Object(messages.findLast((message: { readonly role: string }) => message.role === "user")).content
}

/** Messages in whatever spelling reach the model as they were meant, and clients flat (field failure 39). */
export const messageForms: Scenarios = {
  ...Object.fromEntries(
    Object.entries(forms).map(([name, { messages, told }]) => [
      `a message ${name} reaches the model whole, the first time and the second`,
      async (world: Throughline) => {
        const { thread_id } = await world.client("member").threads.create()
        for (const expected of [2, 4]) {
          const body = { assistant_id: agents.recht, input: { messages }, stream_mode: ["values", "messages"] }
          const frames = await allFrames(await world.fetch("member", `/threads/${thread_id}/runs/stream`, post(body)))
          assert.deepEqual(lastTold(world), told)
          assert.notInclude(JSON.stringify(world.model.requests.at(-1)?.body), "[object Object]")
          const values = frames.findLast(({ event }) => event === "values")?.data
          assert.lengthOf(messagesOf(values), expected)
          assert.deepInclude(messagesOf(values).at(-1), { type: "ai", content: "x" })
          assert.notInclude(JSON.stringify(frames), "\"lc\":")
        }
        const { threads } = world.client("member")
        for (
          const state of [
            await threads.get(thread_id),
            await threads.getState(thread_id),
            await threads.getHistory(thread_id)
          ]
        ) {
          assert.notInclude(JSON.stringify(state), "\"lc\":")
        }
      }
    ])
  ),

  "a file stays in the thread as it was sent: whoever sent it shows it": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    const content = [{ type: "text", text: "say:x" }, pdf]
    await runs.wait(thread_id, agents.recht, { input: { messages: [{ type: "human", content }] } })
    assert.deepEqual(messagesOf((await threads.getState(thread_id)).values)[0]?.content, content)
  },

  "a conversation with tools in it comes back and goes on": async (world) => {
    const call = { id: "call_1", name: "search_laws", args: { query: "Miete" } }
    const messages = [
      { role: "user", content: "say:Was gilt?" },
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: "call_1", content: "§ 535" },
      { role: "assistant", content: "§ 535 BGB gilt." },
      { role: "user", content: "say:Danke" }
    ]
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    const values = await runs.wait(thread_id, agents.recht, { input: { messages } })
    assert.deepEqual(said(values).slice(2), ["tool: § 535", "ai: § 535 BGB gilt.", "human: say:Danke", "ai: Danke"])
    const [, ...told] = Object(world.model.requests.at(-1)?.body).messages
    assert.deepEqual(told.map(({ role }: { readonly role: string }) => role), [
      "user",
      "assistant",
      "tool",
      "assistant",
      "user"
    ])
    assert.deepInclude(told[1].tool_calls[0].function, { name: "search_laws", arguments: "{\"query\":\"Miete\"}" })
  },

  "ids that a client gives are kept: a message sent again is not doubled": async ({ client }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create()
    const input = { messages: [{ id: "mine-1", role: "user", content: "say:eins" }] }
    await runs.wait(thread_id, agents.recht, { input })
    const values = await runs.wait(thread_id, agents.recht, {
      input: { messages: [...input.messages, ...question("say:zwei").messages] }
    })
    assert.lengthOf(messagesOf(values).filter(({ id }) => id === "mine-1"), 1)
    assert.strictEqual(said(values).at(-1), "ai: zwei")
  }
}
