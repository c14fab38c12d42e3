import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { question, said } from "../support/Conversation.ts"
import { newerClient } from "../support/NewerClient.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { refusal } from "../support/Wire.ts"

interface Frame {
  readonly id?: unknown
  readonly event: string
  readonly data: unknown
}

const collected = async (stream: AsyncIterable<Frame>): Promise<ReadonlyArray<Frame>> => {
  const frames: Array<Frame> = []
  for await (const frame of stream) frames.push(frame)
  return frames
}

/** A frame's mode: its name without the namespace of a nested graph. */
const modeOf = ({ event }: Frame) => event.split("|")[0]?.replace(/\/.*/, "") ?? ""

const everyMode = [
  "values",
  "updates",
  "messages",
  "messages-tuple",
  "custom",
  "debug",
  "events",
  "tasks",
  "checkpoints"
] as const

/** What a run can be asked to stream. */
export const streamModes: Scenarios = {
  "both stock SDKs get every mode at once, of nested graphs too, each frame with its id": async (world) => {
    const input = { log: ["in"] }
    const [older, newer] = [world.client("member"), newerClient(world, "otherOrganisation")]
    const asked = { input, streamMode: [...everyMode], streamSubgraphs: true }
    const first = await older.threads.create()
    const second = await newer.threads.create()
    const both = [
      await collected(older.runs.stream(first.thread_id, "nested", asked)),
      await collected(newer.runs.stream(second.thread_id, "nested", asked))
    ]
    for (const frames of both) {
      assert.deepEqual([...new Set(frames.map(modeOf))].toSorted(), [
        "checkpoints",
        "debug",
        "events",
        "metadata",
        "tasks",
        "updates",
        "values"
      ])
      for (const mode of ["values", "updates", "tasks", "checkpoints", "debug"]) {
        assert.isTrue(frames.some(({ event }) => event.startsWith(`${mode}|sub:`)), mode)
      }
      const ids = frames.map(({ id }) => Number(id))
      assert.isTrue(ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? Infinity)), ids.join(" "))
    }
    const again = { input: { log: ["again"] }, streamMode: "tools" } as const
    assert.deepEqual((await collected(newer.runs.stream(second.thread_id, "nested", again))).map(modeOf), ["metadata"])
  },

  "whoever joins gets the modes that they ask for": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    const { run_id } = await runs.create(thread_id, agents.recht, {
      input: question("say:eins zwei"),
      streamMode: [...everyMode],
      streamResumable: true
    })
    await runs.join(thread_id, run_id)
    const joined = async (streamMode: "checkpoints" | "events" | "debug" | "tasks") => {
      const frames = await collected(runs.joinStream(thread_id, run_id, { lastEventId: "-1", streamMode }))
      return [...new Set(frames.map(modeOf))]
    }
    for (const mode of ["checkpoints", "events", "debug", "tasks"] as const) {
      assert.deepEqual(await joined(mode), ["metadata", mode])
    }
  },

  "an unknown mode is refused, and nothing is left of the run": async (world) => {
    const { threads } = world.client("member")
    const { thread_id } = await threads.create()
    const body = JSON.stringify({ assistant_id: "echo", input: { input: 1 }, stream_mode: ["values", "nope"] })
    const answer = await world.fetch("member", `/threads/${thread_id}/runs/stream`, { method: "POST", body })
    assert.strictEqual(answer.status, 422)
    assert.include(await answer.text(), "stream_mode")
    assert.deepEqual(await world.client("member").runs.list(thread_id), [])
  },

  "a run that keeps only its last checkpoint ends like any other": async (world) => {
    const { runs, threads } = world.client("member")
    for (
      const [asked, states] of [
        [{ durability: "exit" }, 1],
        [{ checkpoint_during: false }, 1],
        [{ durability: "sync", feedback_keys: ["thumbs"] }, 4]
      ] as const
    ) {
      const { thread_id } = await threads.create()
      const body = JSON.stringify({ assistant_id: "nested", input: { log: ["in"] }, ...asked })
      const answer = await world.fetch("member", `/threads/${thread_id}/runs/wait`, { method: "POST", body })
      assert.deepEqual(await answer.json(), { log: ["in", "p1", "in", "p1", "c1", "c2"] })
      assert.lengthOf(await threads.getHistory(thread_id), states, JSON.stringify(asked))
      assert.deepEqual(
        await runs.wait(thread_id, "nested", { input: { log: [] } }).then((values) => "log" in values),
        true
      )
    }
  }
}

/** Going back on a thread, as chat pages let people do. */
export const branches: Scenarios = {
  "a message is edited and an answer regenerated from before it, and every branch stays": async (world) => {
    for (const person of ["member", "otherOrganisation"] as const) {
      const assistant = person === "member" ? agents.recht : "agent"
      const { runs, threads } = world.client(person)
      const { thread_id } = await threads.create()
      await runs.wait(thread_id, assistant, { input: question("say:eins") })
      await runs.wait(thread_id, assistant, { input: question("say:zwei") })
      const history = await threads.getHistory(thread_id, { limit: 50 })
      const answering = history.find(({ next }) => next[0] === "model_request")?.checkpoint
      assert.isDefined(answering)
      const again = await runs.wait(thread_id, assistant, { input: null, checkpoint: answering })
      assert.deepEqual(said(again), ["human: say:eins", "ai: eins", "human: say:zwei", "ai: zwei"])
      const before = history.find(({ next, values }) => next.length === 0 && said(values).length === 2)
      const checkpointId = before?.checkpoint.checkpoint_id ?? ""
      const edited = await runs.wait(thread_id, assistant, { input: question("say:drei"), checkpointId })
      assert.deepEqual(said(edited), ["human: say:eins", "ai: eins", "human: say:drei", "ai: drei"])
      const later = await threads.getHistory(thread_id, { limit: 50 })
      assert.deepEqual(later.slice(-history.length), history, "what was there is still there")
      assert.lengthOf(later.filter(({ parent_checkpoint }) => parent_checkpoint?.checkpoint_id === checkpointId), 2)
      const onwards = await runs.wait(thread_id, assistant, { input: question("say:vier") })
      assert.deepEqual(said(onwards).slice(-3), ["ai: drei", "human: say:vier", "ai: vier"])
    }
  },

  "a run from a checkpoint that is not the thread's is refused and leaves nothing": async (world) => {
    const { runs, threads } = world.client("member")
    const stranger = world.client("otherOrganisation")
    const mine = await threads.create()
    const theirs = await stranger.threads.create()
    await stranger.runs.wait(theirs.thread_id, "echo", { input: { input: 1 } })
    const { checkpoint } = await stranger.threads.getState(theirs.thread_id)
    for (const checkpointId of [checkpoint.checkpoint_id ?? "", crypto.randomUUID(), "nope"]) {
      const refused = runs.wait(mine.thread_id, "echo", { input: { input: 2 }, checkpointId })
      assert.include(await refusal(refused, 404), "checkpoint")
    }
    assert.deepEqual(await runs.list(mine.thread_id), [])
    assert.deepEqual((await threads.getState(mine.thread_id)).values, {})
  }
}
