import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { ask, detailOf } from "../support/Ask.ts"
import { question, said } from "../support/Conversation.ts"
import { newerClient } from "../support/NewerClient.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { talk } from "../support/Talk.ts"
import type { Throughline } from "../support/Throughline.ts"
import { refusal } from "../support/Wire.ts"

const recht = agents.recht

const human = (content: string) => ({ messages: [{ type: "human", content }] })
const ai = (content: string) => ({ messages: [{ type: "ai", content }] })

export const logOf = (values: unknown): ReadonlyArray<string> => Object(values).log ?? []

/** A thread of a graph that asks, waiting for its answer. */
export const asked = async ({ client }: Throughline) => {
  const { runs, threads } = client("member")
  const { thread_id } = await threads.create()
  await runs.wait(thread_id, "hitl", { input: { question: "wirklich?" } })
  assert.strictEqual((await threads.get(thread_id)).status, "interrupted")
  return { runs, threads, thread_id }
}

/** Where both SDKs say that an update has put the state. */
const placeOf = (answer: unknown): string => {
  const { checkpoint, configurable } = Object(answer)
  assert.deepEqual(configurable, checkpoint)
  assert.isString(checkpoint.checkpoint_id)
  return checkpoint.checkpoint_id
}

/** Writing to a thread's state outside of a run. */
export const stateUpdates: Scenarios = {
  "an update is a new state after the latest, and the next message goes on from there": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await talk(world, "member", recht, ["say:eins"])
    const before = await threads.getHistory(thread_id)
    const id = placeOf(await threads.updateState(thread_id, { values: ai("berichtigt"), asNode: "model_request" }))
    const state = await threads.getState(thread_id)
    assert.strictEqual(state.checkpoint.checkpoint_id, id)
    assert.strictEqual(state.parent_checkpoint?.checkpoint_id, before[0]?.checkpoint.checkpoint_id)
    assert.deepEqual(said(state.values), ["human: say:eins", "ai: eins", "ai: berichtigt"])
    assert.lengthOf(await threads.getHistory(thread_id), before.length + 1)
    const thread = await threads.get(thread_id)
    assert.deepEqual([thread.status, said(thread.values)], ["idle", said(state.values)])

    const whole = [...said(state.values), "human: say:zwei", "ai: zwei"]
    assert.deepEqual(said(await runs.wait(thread_id, recht, { input: question("say:zwei") })), whole)
    const stranger = world.client("otherOrganisation")
    await refusal(stranger.threads.updateState(thread_id, { values: human("fremd"), asNode: "model_request" }), 404)
    assert.deepEqual(said((await threads.getState(thread_id)).values), whole)
  },

  "a thread that nothing ran on takes updates if it says for which graph": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create({ graphId: "agent" })
    await threads.updateState(thread_id, { values: human("say:da") })
    const { next, values } = await threads.getState(thread_id)
    assert.deepEqual([next, said(values)], [["model_request"], ["human: say:da"]])
    assert.strictEqual((await threads.get(thread_id)).status, "interrupted")
    assert.deepEqual(said(await runs.wait(thread_id, recht, { input: null })), ["human: say:da", "ai: da"])

    const bare = await threads.create()
    await refusal(threads.updateState(bare.thread_id, { values: human("x") }), 409)
    const unknown = await threads.create({ graphId: "no-such-graph" })
    await refusal(threads.updateState(unknown.thread_id, { values: human("x") }), 422)
    assert.deepEqual((await threads.getState(unknown.thread_id)).values, {})
  },

  "an update of an earlier state forks, by its id and by the checkpoint itself": async (world) => {
    const { threads } = world.client("member")
    const { thread_id } = await talk(world, "member", recht, ["say:eins", "say:zwei"])
    const history = await threads.getHistory(thread_id, { limit: 100 })
    const first = history.find(({ next, values }) => next.length === 0 && said(values).length === 2)
    const checkpoint = first?.checkpoint ?? assert.fail("no first turn")
    for (const place of [{ checkpointId: checkpoint.checkpoint_id ?? "" }, { checkpoint }]) {
      await threads.updateState(thread_id, { values: ai("anders"), asNode: "model_request", ...place })
      const state = await threads.getState(thread_id)
      assert.deepEqual(said(state.values), ["human: say:eins", "ai: eins", "ai: anders"])
      assert.strictEqual(state.parent_checkpoint?.checkpoint_id, checkpoint.checkpoint_id)
    }
    assert.lengthOf(await threads.getHistory(thread_id, { limit: 100 }), history.length + 2)
  },

  "status and interrupts follow an update, and a person's answer is taken afterwards": async (world) => {
    const { runs, thread_id, threads } = await asked(world)
    await threads.updateState(thread_id, { values: { question: "ganz sicher?" }, asNode: "prepare" })
    assert.strictEqual((await threads.get(thread_id)).status, "interrupted")
    assert.deepEqual((await threads.getState(thread_id)).next, ["ask"])
    const done = await runs.wait(thread_id, "hitl", { command: { resume: "ja" } })
    assert.deepInclude(done, { question: "ganz sicher?", answer: "ja" })

    const other = await asked(world)
    await threads.updateState(other.thread_id, { values: { answer: "für ihn" }, asNode: "ask" })
    const { interrupts, status, values } = await threads.get(other.thread_id)
    assert.deepEqual([status, interrupts, Object(values).answer], ["idle", {}, "für ihn"])
    await refusal(runs.create(other.thread_id, "hitl", { command: { resume: "zu spät" } }), 409)
  },

  "while a run is active nothing is written, and afterwards it is": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    const { run_id } = await runs.create(thread_id, recht, { input: question("slow:20000:nie") })
    const update = () => threads.updateState(thread_id, { values: human("dazwischen"), asNode: "model_request" })
    assert.include(await refusal(update(), 409), "already running")
    await runs.cancel(thread_id, run_id, true)
    await update()
    assert.include(said((await threads.getState(thread_id)).values), "human: dazwischen")
  },

  "updates at once are all there, each upon the other": async (world) => {
    const { thread_id, threads } = await asked(world)
    const names = Array.from({ length: 8 }, (_, number) => `nr-${number}`)
    await Promise.all(
      names.map((name) => threads.updateState(thread_id, { values: { log: [name] }, asNode: "prepare" }))
    )
    const [, ...log] = logOf((await threads.getState(thread_id)).values)
    assert.sameMembers([...log], names)
  },

  "an update and a run at once: what was answered is there, what was refused is not": async (world) => {
    const { runs, threads } = world.client("member")
    let written = 0
    for (let round = 0; round < 12; round++) {
      const { thread_id } = await threads.create({ graphId: "plain" })
      await runs.wait(thread_id, "hitl", { input: { question: "?" } })
      const update = threads.updateState(thread_id, { values: { log: ["update"] }, asNode: "prepare" }).then(
        () => true,
        (error) => (assert.strictEqual(Object(error).status, 409), false)
      )
      await new Promise((resolve) => setTimeout(resolve, round))
      const ran = runs.wait(thread_id, "hitl", { input: { log: ["run"] } })
      const [isWritten] = await Promise.all([update, ran])
      const log = logOf((await threads.getState(thread_id)).values)
      assert.strictEqual(log.includes("update"), isWritten, log.join(" "))
      assert.include(log, "run")
      assert.strictEqual((await threads.get(thread_id)).status, "interrupted")
      written += isWritten ? 1 : 0
    }
    console.log(`${written} of 12 updates were before the run`)
  },

  "what the graph does not take is 422 and says why; another thread's checkpoint is not there": async (world) => {
    const { thread_id, threads } = await asked(world)
    const other = await asked(world)
    const [foreign] = await threads.getHistory(other.thread_id, { limit: 1 })
    const checkpoint_id = foreign?.checkpoint.checkpoint_id ?? ""
    const before = await threads.getHistory(thread_id)
    const route = `POST /threads/${thread_id}/state`
    for (
      const [status, words, body] of [
        [422, "nobody", { values: { log: [] }, as_node: "nobody" }],
        [422, "nothing_like_it", { values: { nothing_like_it: 1 } }],
        [422, "", { values: "text" }],
        [422, "", { values: {}, as_node: 5 }],
        [404, checkpoint_id, { values: { log: [] }, as_node: "prepare", checkpoint_id }],
        [404, checkpoint_id, { values: { log: [] }, as_node: "prepare", checkpoint: { checkpoint_id } }],
        [413, "4 MB", { values: { log: ["x".repeat(5_000_000)] }, as_node: "prepare" }]
      ] as const
    ) {
      const answer = await ask(world, "member", route, body)
      assert.strictEqual(answer.status, status, answer.text)
      if (words !== "") assert.include(detailOf(answer), words)
    }
    assert.deepEqual(await threads.getHistory(thread_id), before)
    await refusal(threads.getState(thread_id, checkpoint_id), 404)
    await refusal(world.client("otherOrganisation").threads.getState(thread_id, checkpoint_id), 404)
  },

  "patching a state is patching its thread's metadata": async (world) => {
    const { thread_id } = await asked(world)
    for (const { threads } of [world.client("member"), newerClient(world, "member")]) {
      await threads.patchState(thread_id, { titel: "Kündigung" })
      await threads.patchState({ configurable: { thread_id } }, { stand: 2 })
      assert.deepInclude((await threads.get(thread_id)).metadata, { titel: "Kündigung", stand: 2, graph_id: "hitl" })
    }
    await refusal(world.client("otherOrganisation").threads.patchState(thread_id, { titel: "?" }), 404)
    await refusal(world.client("admin").threads.patchState(thread_id, { titel: "?" }), 404)
  }
}
