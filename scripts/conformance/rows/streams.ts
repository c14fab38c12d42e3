import type { Frame } from "../Ask.ts"
import { at, holds, keys, same } from "../Expect.ts"
import { differs, group, needs } from "../Row.ts"
import { busy, path, says, textsOf } from "./Turns.ts"

const named = (frames: ReadonlyArray<Frame>, event: string) => frames.filter((frame) => frame.event === event)
const namesOf = (frames: ReadonlyArray<Frame>) => frames.map(({ event }) => event)
const echoed = (mode: unknown) => ({ assistant_id: "echo", input: { input: 1 }, stream_mode: mode })

export const streams = group("streams", {
  "the first frame is metadata with the run and its attempt": async ({ events, thread }) => {
    const threadId = await thread()
    const { frames, headers, status } = await events(path(threadId, "/runs/stream"), { body: echoed("values") })
    same("status", status, 200)
    holds("it is an event stream", headers.get("content-type")?.startsWith("text/event-stream") ?? false)
    same("first", frames[0]?.event, "metadata")
    same("attempt", at(frames[0]?.data, "attempt"), 1)
    const location = path(threadId, `/runs/${at(frames[0]?.data, "run_id")}`)
    same("content-location", headers.get("content-location"), location)
  },

  "a stream tells where it goes on after a cut": differs(
    "The SDK reconnects to `Location`; the reference sends none.",
    async ({ events, thread }) => {
      const threadId = await thread()
      const { frames, headers } = await events(path(threadId, "/runs/stream"), { body: echoed("values") })
      same("location", headers.get("location"), path(threadId, `/runs/${at(frames[0]?.data, "run_id")}/stream`))
    }
  ),

  "every frame has an id": async ({ events, thread }) => {
    const { frames } = await events(path(await thread(), "/runs/stream"), { body: echoed(["values", "updates"]) })
    same("frames without", namesOf(frames.filter(({ id }) => id === undefined || id === "")), [])
  },

  "every frame of a stateless stream has an id": differs(
    "Without ids there is nothing to go on from after a cut.",
    async ({ events }) => {
      const { frames } = await events("/runs/stream", { body: echoed("values") })
      same("frames without", namesOf(frames.filter(({ id }) => id === undefined || id === "")), [])
    }
  ),

  "an error is an event": needs(["model"], async ({ events, thread }) => {
    const { frames } = await events(path(await thread(), "/runs/stream"), {
      body: { assistant_id: "agent", input: says("fail:400") }
    })
    same("last", at(frames, -1, "event"), "error")
    keys("error", at(frames, -1, "data"), ["error", "message"])
  }),

  "the run is final before its stream closes": async ({ client, events, thread }) => {
    const threadId = await thread()
    await events(path(threadId, "/runs/stream"), { body: echoed("values") })
    same("run", (await client.runs.list(threadId)).map(({ status }) => status), ["success"])
    same("thread", (await client.threads.get(threadId)).status, "idle")
  },

  "stream_resumable: Last-Event-ID -1 replays all, another what follows": async ({ events, thread }) => {
    const threadId = await thread()
    const first = await events(path(threadId, "/runs/stream"), {
      body: { ...echoed(["values", "updates"]), stream_resumable: true }
    })
    const again = path(threadId, `/runs/${at(first.frames[0]?.data, "run_id")}/stream`)
    const all = await events(again, { headers: { "last-event-id": "-1" } })
    same("all", namesOf(all.frames), namesOf(first.frames))
    same("ids", all.frames.map(({ id }) => id), first.frames.map(({ id }) => id))
    const rest = await events(again, { headers: { "last-event-id": first.frames[1]?.id ?? "" } })
    same("the rest", namesOf(rest.frames), namesOf(first.frames).slice(2))
  },

  "joinStream follows a run that is under way": needs(["model"], async (world) => {
    const { runId, threadId } = await busy(world, 1500)
    const seen: Array<string> = []
    for await (const { data, event } of world.client.runs.joinStream(threadId, runId, { lastEventId: "-1" })) {
      if (event === "values") seen.push(String(textsOf(data).at(-1)))
    }
    same("the last", seen.at(-1), "fertig damit")
  }),

  "joinStream of a run that is under way shows what there was, whether resumable or not": needs(
    ["model"],
    async (world) => {
      const { runId, threadId } = await busy(world, 1000)
      const { frames } = await world.events(path(threadId, `/runs/${runId}/stream`), {
        headers: { "last-event-id": "-1" }
      })
      same("first", frames[0]?.event, "metadata")
      same("texts of the first values", textsOf(named(frames, "values")[0]?.data), ["slow:1000:fertig damit"])
    }
  ),

  "on_disconnect cancel ends the run with its reader": needs(["model"], async ({ client, open, thread, until }) => {
    const threadId = await thread()
    const reader = new AbortController()
    const { frames } = await open(path(threadId, "/runs/stream"), {
      body: { assistant_id: "agent", input: says("slow:8000:nie"), on_disconnect: "cancel" },
      signal: reader.signal
    })
    const metadata = await frames.next()
    same("first", at(metadata.value, "event"), "metadata")
    await frames.next()
    reader.abort()
    const runId = String(at(metadata.value, "data", "run_id"))
    await until(
      "that the run is interrupted",
      async () => (await client.runs.get(threadId, runId)).status === "interrupted",
      6000
    )
  }),

  "without on_disconnect the run goes on": needs(["model"], async ({ client, open, thread, until }) => {
    const threadId = await thread()
    const reader = new AbortController()
    const { frames } = await open(path(threadId, "/runs/stream"), {
      body: { assistant_id: "agent", input: says("slow:600:doch noch") },
      signal: reader.signal
    })
    await frames.next()
    reader.abort()
    await until("that the run has ended", async () => (await client.threads.get(threadId)).status === "idle")
    same("the last", textsOf((await client.threads.getState(threadId)).values).at(-1), "doch noch")
  }),

  "a thread's stream follows its runs": differs(
    "The SDK's `threads.joinStream`; the reference has no such route.",
    async ({ client, open, thread }) => {
      const threadId = await thread()
      const reader = new AbortController()
      const { frames, status } = await open(path(threadId, "/stream"), { signal: reader.signal })
      same("status", status, 200)
      const { run_id } = await client.runs.create(threadId, "echo", { input: { input: 1 }, streamMode: ["values"] })
      for await (const { data, event } of frames) {
        if (event === "metadata") same("run", at(data, "run_id"), run_id)
        if (event === "values" && at(data, "echo") !== undefined) break
      }
      reader.abort()
    }
  ),

  "the SDK follows a thread": differs("The reference has no such route.", async ({ client, thread }) => {
    const threadId = await thread()
    const reader = new AbortController()
    const follow = async () => {
      for await (const { data, event } of client.threads.joinStream(threadId, { signal: reader.signal })) {
        if (event === "values" && at(data, "echo") !== undefined) return at(data, "input")
      }
      return "nothing"
    }
    const [input] = await Promise.all([follow(), client.runs.wait(threadId, "echo", { input: { input: 7 } })])
    same("input", input, 7)
    reader.abort()
  }),

  "joinStream of some of the modes": differs(
    "The SDK's `streamMode` of `joinStream`; the reference sends all of them.",
    async ({ client, thread }) => {
      const threadId = await thread()
      const { run_id } = await client.runs.create(threadId, "echo", {
        input: { input: 1 },
        streamMode: ["values", "updates"],
        streamResumable: true
      })
      const seen = new Set<string>()
      const options = { lastEventId: "-1", streamMode: "updates" } as const
      for await (const { event } of client.runs.joinStream(threadId, run_id, options)) seen.add(event)
      same("events", [...seen], ["metadata", "updates"])
    }
  ),

  "a stream that has nothing to say beats": {
    ...differs(
      "Proxies and browsers give up on a connection that is silent.",
      needs(["model"], async ({ ask, thread }) => {
        const { text } = await ask(path(await thread(), "/runs/stream"), {
          body: { assistant_id: "agent", input: says("slow:33000:endlich") }
        })
        holds("it beat twice", (text.match(/^:/gm) ?? []).length >= 2, (text.match(/^:/gm) ?? []).length)
      })
    ),
    slow: true
  },

  "the SDK reads a stream to its end": async ({ client, thread }) => {
    const threadId = await thread()
    const seen: Array<string> = []
    let told: unknown
    const stream = client.runs.stream(threadId, "echo", {
      input: { input: 1 },
      streamMode: ["values", "updates"],
      onRunCreated: (created) => {
        told = created
      }
    })
    for await (const { event } of stream) seen.push(event)
    same("events", seen, ["metadata", "values", "updates", "values"])
    same("told", at(told, "thread_id"), threadId)
  }
})
