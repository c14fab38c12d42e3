import type { Frame } from "../Ask.ts"
import { at, has, holds, keys, refused, same } from "../Expect.ts"
import { differs, group, needs } from "../Row.ts"
import type { World } from "../World.ts"
import { nobody, path, says, textsOf } from "./Turns.ts"

const command = ({ ask }: World, threadId: string, method: string, params: object = {}, id = 1) =>
  ask(path(threadId, "/commands"), { body: { id, method, params } })

/** Events until the run's end, or what else `last` says. */
const read = async (world: World, threadId: string, filter: object, last: (frame: Frame) => boolean = ended) => {
  const reader = new AbortController()
  const { frames, status } = await world.open(path(threadId, "/stream/events"), { body: filter, signal: reader.signal })
  same("status", status, 200)
  const seen: Array<Frame> = []
  for await (const frame of frames) {
    seen.push(frame)
    if (last(frame)) break
  }
  reader.abort()
  return seen
}

const ended = ({ data, event }: Frame) =>
  event === "lifecycle" && at(data, "params", "namespace", "length") === 0
  && ["completed", "interrupted", "failed"].includes(String(at(data, "params", "data", "event")))

const begun = async (world: World, assistant: string, input: object) => {
  const threadId = world.unique()
  const { json } = await command(world, threadId, "run.start", { assistant_id: assistant, input })
  same("type", at(json, "type"), "success")
  return { threadId, runId: at(json, "result", "run_id") }
}

const channels = ["values", "updates", "checkpoints", "messages", "tools", "custom", "lifecycle", "input", "tasks"]

export const protocol = group("protocol", {
  "run.start starts a run, and makes the thread": async (world) => {
    const threadId = world.unique()
    const { json, status } = await command(
      world,
      threadId,
      "run.start",
      { assistant_id: "echo", input: { input: 1 } },
      7
    )
    same("status", status, 200)
    has("answer", json, { type: "success", id: 7 })
    same("meta.thread_id", at(json, "meta", "thread_id"), threadId)
    holds("applied_through_seq is a number", typeof at(json, "meta", "applied_through_seq") === "number", json)
    same(
      "the run's thread",
      (await world.client.runs.get(threadId, String(at(json, "result", "run_id")))).thread_id,
      threadId
    )
  },

  "the events tell the run's life": async (world) => {
    const { threadId } = await begun(world, "chat", says("hallo"))
    const frames = await read(world, threadId, { channels })
    const of = (method: string) => frames.filter(({ event }) => event === method)
    same(
      "lifecycle",
      of("lifecycle").filter(({ data }) => at(data, "params", "namespace", "length") === 0)
        .map(({ data }) => at(data, "params", "data", "event")),
      ["running", "completed"]
    )
    same("values", of("values").map(({ data }) => textsOf(at(data, "params", "data")).length), [1, 2])
    same("updates", of("updates").map(({ data }) => at(data, "params", "node")), ["answer"])
    same("seq", frames.map(({ data }) => at(data, "seq")), frames.map((_, index) => index + 1))
    same("ids", frames.map(({ id }) => id), frames.map(({ data }) => String(at(data, "seq"))))
    keys("params", at(frames, 0, "data", "params"), ["namespace", "timestamp", "data"])
  },

  "messages come block by block": needs(["model"], async (world) => {
    const { threadId } = await begun(world, "agent", says("say:eins zwei drei"))
    const frames = await read(world, threadId, { channels: ["messages", "lifecycle"] })
    const told = frames.filter(({ event }) => event === "messages").map(({ data }) => at(data, "params", "data"))
    const deltas = told.filter((data) => at(data, "event") === "content-block-delta")
    same("deltas", deltas.map((data) => at(data, "delta", "text")), ["eins ", "zwei ", "drei"])
    const kinds = told.map((data) => at(data, "event"))
    same("first", kinds[0], "message-start")
    same("last", kinds.at(-1), "message-finish")
  }),

  "channels, namespaces and depth choose": async (world) => {
    const { threadId } = await begun(world, "nested", { log: [] })
    const outer = await read(world, threadId, { channels: ["updates", "lifecycle"], namespaces: [[]], depth: 0 })
    same("namespaces", [...new Set(outer.map(({ data }) => at(data, "params", "namespace", "length")))], [0])
    const all = await read(world, threadId, { channels: ["updates", "lifecycle"] })
    same(
      "inner nodes",
      all.filter(({ event }) => event === "updates")
        .map(({ data }) => at(data, "params", "node")),
      ["p1", "c1", "c2", "sub"]
    )
  },

  "since goes on behind an event": async (world) => {
    const { threadId } = await begun(world, "chat", says("hallo"))
    const all = await read(world, threadId, { channels })
    const rest = await read(world, threadId, { channels, since: 3 })
    same("seq", rest.map(({ data }) => at(data, "seq")), all.slice(3).map(({ data }) => at(data, "seq")))
  },

  "an interrupt is requested, and input.respond answers it": async (world) => {
    const { threadId } = await begun(world, "hitl", { question: "ok?" })
    const frames = await read(world, threadId, { channels: ["input", "lifecycle"] })
    const requested = frames.find(({ event }) => event === "input.requested")?.data
    same("payload", at(requested, "params", "data", "payload"), { ask: "ok?" })
    same("last", at(frames, -1, "data", "params", "data", "event"), "interrupted")
    const interrupt_id = at(requested, "params", "data", "interrupt_id")
    const { json } = await command(world, threadId, "input.respond", { interrupt_id, response: "yes" })
    same("answer", at(json, "type"), "success")
    await world.until(
      "the answer",
      async () => at((await world.client.threads.getState(threadId)).values, "answer") === "yes"
    )
  },

  "input.respond to what nobody asked is an error": async (world) => {
    const { threadId } = await begun(world, "echo", { input: 1 })
    await read(world, threadId, { channels: ["lifecycle"] })
    const { json } = await command(world, threadId, "input.respond", { interrupt_id: "nothing", response: "yes" })
    same("type", at(json, "type"), "error")
  },

  "state.get tells values and checkpoint": async (world) => {
    const { threadId } = await begun(world, "chat", says("hallo"))
    await read(world, threadId, { channels: ["lifecycle"] })
    const { json } = await command(world, threadId, "state.get")
    same("messages", textsOf(at(json, "result", "values")), ["hallo", "1: hallo"])
    keys("checkpoint", at(json, "result", "checkpoint"), ["id", "ns"])
  },

  "agent.getTree tells the graphs that ran": async (world) => {
    const { threadId } = await begun(world, "nested", { log: [] })
    await read(world, threadId, { channels: ["lifecycle"] })
    const { json } = await command(world, threadId, "agent.getTree")
    has("tree", at(json, "result", "tree"), { namespace: [], status: "completed", graph_name: "nested" })
    holds("it has children", Number(at(json, "result", "tree", "children", "length")) > 0, at(json, "result"))
  },

  "an unknown command is an error with the code unknown_command": async (world) => {
    const { threadId } = await begun(world, "echo", { input: 1 })
    const { json, status } = await command(world, threadId, "nope", {}, 5)
    same("status", status, 200)
    has("answer", json, { type: "error", id: 5, error: "unknown_command" })
  },

  "run.start without an assistant is an error with the code invalid_argument": async (world) => {
    const { json } = await command(world, await world.thread(), "run.start", { input: {} }, 6)
    has("answer", json, { type: "error", id: 6, error: "invalid_argument" })
  },

  "a command that is none is 422": differs("422 for whatever does not fit, as everywhere.", async (world) => {
    const threadId = await world.thread()
    same("status", (await world.ask(path(threadId, "/commands"), { body: { method: 5 } })).status, 422)
  }),

  "commands of an unknown thread are 404, but for run.start": async (world) => {
    same("state.get", (await command(world, nobody, "state.get")).status, 404)
  },

  "events of two runs go on in one sequence": async (world) => {
    const { threadId } = await begun(world, "chat", says("eins"))
    const first = await read(world, threadId, { channels })
    const since = Number(at(first, -1, "data", "seq"))
    await command(world, threadId, "run.start", { assistant_id: "chat", input: says("zwei") })
    const seqs = (await read(world, threadId, { channels, since })).map(({ data }) => Number(at(data, "seq")))
    holds("they are behind the first run's", seqs.every((seq) => seq > since), seqs)
    same("in order", seqs, seqs.toSorted((left, right) => left - right))
  },

  "a run of the protocol is a run like any other": async (world) => {
    const { runId, threadId } = await begun(world, "chat", says("hallo"))
    await read(world, threadId, { channels: ["lifecycle"] })
    same("status", (await world.client.runs.get(threadId, String(runId))).status, "success")
    same("state", textsOf((await world.client.threads.getState(threadId)).values), ["hallo", "1: hallo"])
  },

  "a run of the protocol that has ended can be joined": differs(
    "However it was started, a run's result can be had afterwards as well.",
    async (world) => {
      const { runId, threadId } = await begun(world, "chat", says("hallo"))
      await read(world, threadId, { channels: ["lifecycle"] })
      same("join", textsOf(await world.client.runs.join(threadId, String(runId))), ["hallo", "1: hallo"])
    }
  ),

  "threads.stream of the newer SDK": async (world) => {
    if (world.newer === undefined) return
    const stream = world.newer.threads.stream({ assistantId: "chat" })
    const { run_id } = Object(await stream.submitRun({ input: says("hallo") }))
    holds("it tells the run", typeof run_id === "string", run_id)
    same("output", textsOf(await stream.output), ["hallo", "1: hallo"])
    await stream.close()
    await refused(world.client.runs.get(stream.threadId, nobody), 404)
  }
})
