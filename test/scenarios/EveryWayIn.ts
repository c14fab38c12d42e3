import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { ask } from "../support/Ask.ts"
import { question } from "../support/Conversation.ts"
import { configOf } from "../support/RunConfig.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"

/** A wish that is taken, one that is locked and one that is forged: by the body and by a header. */
const wishes = {
  config: { configurable: { temperature: 0.42, base_url: "http://127.0.0.1:9/v1", user_id: "forged" }, tags: ["t"] },
  context: { locale: "de" },
  metadata: { purpose: "test" }
}
const headers = { "x-tone": "formal", "x-api-key": "refused" }

const run = (text: string) => ({ assistant_id: agents.recht, input: question(text), ...wishes })

/** Where a run was, as its answer says. */
const placeOf = (location: string | null) => {
  const [, , thread = "", , id = ""] = (location ?? "").split("/")
  return { thread, id }
}

const start = async (world: Throughline, path: string, body: object) => {
  const answer = await ask(world, "member", `POST ${path}`, body, headers)
  assert.strictEqual(answer.status, 200, answer.text)
  return placeOf(answer.headers.get("content-location"))
}

const newThread = async (world: Throughline) => (await world.client("member").threads.create()).thread_id

const kept = { on_completion: "keep" }

/** Each way to start a run, and where the run is when it has ended. */
const ways: Readonly<
  Record<string, (world: Throughline) => Promise<{ readonly thread: string; readonly id: string }>>
> = {
  stream: async (world) => start(world, `/threads/${await newThread(world)}/runs/stream`, run("say:eins")),
  wait: async (world) => start(world, `/threads/${await newThread(world)}/runs/wait`, run("say:eins")),
  background: async (world) => start(world, `/threads/${await newThread(world)}/runs`, run("say:eins")),
  "a thread that is made by the run": (world) =>
    start(world, `/threads/${crypto.randomUUID()}/runs/wait`, { ...run("say:eins"), if_not_exists: "create" }),
  "stateless stream": (world) => start(world, "/runs/stream", { ...run("say:eins"), ...kept }),
  "stateless wait": (world) => start(world, "/runs/wait", { ...run("say:eins"), ...kept }),
  "stateless background": (world) => start(world, "/runs", { ...run("say:eins"), ...kept }),
  "after another run": async (world) => {
    const thread = await newThread(world)
    const body = { ...run("say:eins"), config: { configurable: { temperature: 1.5, tone: "of the first" } } }
    await start(world, `/threads/${thread}/runs/wait`, body)
    return start(world, `/threads/${thread}/runs/wait`, run("say:zwei"))
  },
  "resumed": async (world) => {
    const thread = await newThread(world)
    const { input: _, ...rest } = run("")
    const call = run("tool:search_laws:{\"query\":\"Miete\"}")
    await start(world, `/threads/${thread}/runs/wait`, { ...call, interrupt_before: ["tools"], config: {} })
    assert.strictEqual((await world.client("member").threads.get(thread)).status, "interrupted")
    return start(world, `/threads/${thread}/runs/wait`, { ...rest, command: { resume: "go on" } })
  }
}

export const everyWayIn = {
  "every way in comes to the same configuration, on the run and at the model": async (world) => {
    const { thread: _, ...reference } = await outcome(world, ways["stream"])
    for (const [name, way] of Object.entries(ways)) {
      const { thread, ...found } = await outcome(world, way)
      assert.deepEqual(found, reference, name)
      assert.strictEqual((await ask(world, "otherOrganisation", `GET /threads/${thread}/runs`)).status, 404)
    }
    assert.deepEqual(reference.dropped.toSorted(), ["base_url", "user_id"])
    assert.strictEqual(reference.asked["temperature"], 0.42)
    assert.strictEqual(reference.configurable["x-tone"], "formal")
  }
} satisfies Scenarios

/** What came of it, without the ids that are each run's own. */
const outcome = async (world: Throughline, way: (typeof ways)[string] | undefined) => {
  if (way === undefined) throw new Error("no such way")
  const { id, thread } = await way(world)
  await world.client("member").runs.join(thread, id)
  const config = await configOf(world, "member", thread, id)
  const { run_id, thread_id, ...configurable } = config.configurable
  assert.deepEqual([run_id, thread_id], [id, thread])
  const { messages: _, ...asked } = world.model.requests.at(-1)?.body ?? {}
  return {
    thread,
    configurable,
    origins: config.origins,
    dropped: config.dropped.map(({ key }) => key),
    tags: config.tags,
    context: config.context,
    metadata: config.metadata,
    version: config.assistant_version,
    asked
  }
}
