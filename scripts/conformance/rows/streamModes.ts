import type { Frame } from "../Ask.ts"
import { at, has, holds, keys, listOf, same } from "../Expect.ts"
import { group, needs } from "../Row.ts"
import { path, says, textsOf } from "./Turns.ts"

const named = (frames: ReadonlyArray<Frame>, event: string) => frames.filter((frame) => frame.event === event)
const namesOf = (frames: ReadonlyArray<Frame>) => frames.map(({ event }) => event)
const modesOf = (frames: ReadonlyArray<Frame>) => [...new Set(namesOf(frames).map((name) => name.split(/[|/]/)[0]))]

const echoed = (mode: unknown) => ({ assistant_id: "echo", input: { input: 1 }, stream_mode: mode })

export const streamModes = group("streams", {
  "values: the input, then each step's state": async ({ events, thread }) => {
    const { frames } = await events(path(await thread(), "/runs/stream"), {
      body: { assistant_id: "chat", input: says("hallo"), stream_mode: "values" }
    })
    same("events", namesOf(frames), ["metadata", "values", "values"])
    same("texts", frames.slice(1).map(({ data }) => textsOf(data)), [["hallo"], ["hallo", "1: hallo"]])
  },

  "without a mode there are values": async ({ events, thread }) => {
    const { frames } = await events(path(await thread(), "/runs/stream"), {
      body: { assistant_id: "echo", input: { input: 1 } }
    })
    same("events", namesOf(frames), ["metadata", "values", "values"])
  },

  "updates: what each node added": async ({ events, thread }) => {
    const { frames } = await events(path(await thread(), "/runs/stream"), {
      body: { assistant_id: "nested", input: { log: ["in"] }, stream_mode: "updates" }
    })
    same("events", namesOf(frames), ["metadata", "updates", "updates"])
    same("p1", frames[1]?.data, { p1: { log: ["p1"] } })
    same("sub", Object.keys(Object(frames[2]?.data)), ["sub"])
  },

  "messages-tuple: each token with its metadata": needs(["model"], async ({ client, thread }) => {
    const tokens: Array<string> = []
    const ids = new Set<unknown>()
    const threadId = await thread()
    const stream = client.runs.stream(threadId, "agent", {
      input: says("say:eins zwei drei"),
      streamMode: "messages-tuple"
    })
    for await (const { data, event } of stream) {
      if (event !== "messages") continue
      const [message, metadata] = listOf("data", data)
      keys("metadata", metadata, ["langgraph_node", "langgraph_step", "langgraph_checkpoint_ns"])
      has("metadata", metadata, { thread_id: threadId, graph_id: "agent" })
      ids.add(at(message, "id"))
      tokens.push(String(at(message, "content")))
    }
    same("tokens", tokens.filter((token) => token !== ""), ["eins ", "zwei ", "drei"])
    same("one message", ids.size, 1)
  }),

  "messages: partial, then complete": needs(["model"], async ({ events, thread }) => {
    const { frames } = await events(path(await thread(), "/runs/stream"), {
      body: { assistant_id: "agent", input: says("say:eins zwei"), stream_mode: "messages" }
    })
    same("modes", modesOf(frames), ["metadata", "messages"])
    const partial = named(frames, "messages/partial").map(({ data }) => at(data, 0, "content"))
    holds("they grow", partial.includes("eins ") && partial.includes("eins zwei"), partial)
    same("metadata comes first", named(frames, "messages/metadata").length, 1)
    same("complete", at(named(frames, "messages/complete").at(-1)?.data, 0, "content"), "eins zwei")
  }),

  "custom: nothing of a graph that writes nothing": async ({ events, thread }) => {
    const { frames } = await events(path(await thread(), "/runs/stream"), { body: echoed("custom") })
    same("events", namesOf(frames), ["metadata"])
  },

  "custom: what a node writes": async ({ events, thread }) => {
    const { frames } = await events(path(await thread(), "/runs/stream"), {
      body: { assistant_id: "typed", input: { celsius: 20 }, stream_mode: ["custom", "updates"] }
    })
    same("events", namesOf(frames), ["metadata", "custom", "updates"])
    same("written", frames[1]?.data, { read: 20 })
  },

  "tasks: begun and ended": async ({ events, thread }) => {
    const { frames } = await events(path(await thread(), "/runs/stream"), { body: echoed("tasks") })
    same("events", namesOf(frames), ["metadata", "tasks", "tasks"])
    has("begun", frames[1]?.data, { name: "echo_node", input: { input: 1 } })
    keys("ended", frames[2]?.data, ["id", "name", "result", "interrupts"])
  },

  "checkpoints: each one": async ({ events, thread }) => {
    const { frames } = await events(path(await thread(), "/runs/stream"), { body: echoed("checkpoints") })
    same("events", namesOf(frames), ["metadata", "checkpoints", "checkpoints", "checkpoints"])
    has("last", at(frames, -1, "data"), { next: [] })
  },

  "debug: checkpoints and tasks, step by step": async ({ events, thread }) => {
    const { frames } = await events(path(await thread(), "/runs/stream"), { body: echoed("debug") })
    same("modes", modesOf(frames), ["metadata", "debug"])
    same("types", frames.slice(1).map(({ data }) => at(data, "type")), [
      "checkpoint",
      "checkpoint",
      "task",
      "task_result",
      "checkpoint"
    ])
  },

  "events: what LangChain's callbacks tell": async ({ events, thread }) => {
    const { frames } = await events(path(await thread(), "/runs/stream"), { body: echoed("events") })
    same("modes", modesOf(frames), ["metadata", "events"])
    const told = named(frames, "events").map(({ data }) => `${at(data, "event")} ${at(data, "name")}`)
    holds("the node begins", told.includes("on_chain_start echo_node"), told)
    holds("the node ends", told.includes("on_chain_end echo_node"), told)
  },

  "several modes at once": async ({ events, thread }) => {
    const { frames } = await events(path(await thread(), "/runs/stream"), {
      body: echoed(["values", "updates", "tasks", "checkpoints", "debug", "custom"])
    })
    same("modes", modesOf(frames).sort(), ["checkpoints", "debug", "metadata", "tasks", "updates", "values"])
  },

  "stream_subgraphs: the inner frames bear their namespace": async ({ events, thread }) => {
    const { frames } = await events(path(await thread(), "/runs/stream"), {
      body: { assistant_id: "nested", input: { log: [] }, stream_mode: ["updates"], stream_subgraphs: true }
    })
    const inner = frames.filter(({ event }) => /^updates\|sub:[0-9a-f-]{36}$/.test(event))
    same("inner updates", inner.map(({ data }) => Object.keys(Object(data))[0]), ["c1", "c2"])
    same("outer updates", named(frames, "updates").map(({ data }) => Object.keys(Object(data))[0]), ["p1", "sub"])
  },

  "without stream_subgraphs there are none": async ({ events, thread }) => {
    const { frames } = await events(path(await thread(), "/runs/stream"), {
      body: { assistant_id: "nested", input: { log: [] }, stream_mode: ["updates"] }
    })
    same("with a namespace", namesOf(frames).filter((name) => name.includes("|")), [])
  }
})
