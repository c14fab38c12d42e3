import { assert } from "vitest"
import { newerClient } from "../support/NewerClient.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { post, refusal } from "../support/Wire.ts"
import { asked, logOf } from "./StateUpdates.ts"

/** How much of a state is shown. */
export const stateViews: Scenarios = {
  "of a state only what was selected is sent": async (world) => {
    const { thread_id } = await asked(world)
    const { threads } = newerClient(world, "member")
    const whole = await threads.getState(thread_id)
    assert.deepEqual(await threads.getState(thread_id, undefined, { select: ["next"] }), Object({ next: ["ask"] }))
    const one = await threads.getState(thread_id, undefined, { select: ["values.question", "checkpoint"] })
    assert.deepEqual(Object(one), { values: { question: "wirklich?" }, checkpoint: whole.checkpoint })
    assert.deepEqual(Object(await threads.getState(thread_id, whole.checkpoint, { select: ["values"] })), {
      values: whole.values
    })
    const stranger = newerClient(world, "otherOrganisation")
    await refusal(stranger.threads.getState(thread_id, undefined, { select: ["next"] }), 404)
    const history = await threads.getHistory(thread_id, { select: ["values.log"] })
    for (const state of history) assert.sameMembers(Object.keys(state), ["values"])
  },

  "the state of a nested graph that waits is shown where it is asked for": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    await runs.wait(thread_id, "nested", { input: { log: ["ask"] } })
    const plain = await threads.getState(thread_id)
    const [task] = plain.tasks
    assert.isNull(task?.state)
    assert.match(task?.checkpoint?.checkpoint_ns ?? "", /^sub:/)
    const { checkpoint } = plain
    for (
      const state of [
        await threads.getState(thread_id, undefined, { subgraphs: true }),
        await threads.getState(thread_id, checkpoint, { subgraphs: true }),
        await threads.getState(thread_id, checkpoint.checkpoint_id ?? "", { subgraphs: true })
      ]
    ) assert.deepEqual(state.tasks[0]?.state?.next, ["c2"])

    // The hooks ask for a nested graph's history by its namespace alone.
    const place = { checkpoint_ns: task?.checkpoint?.checkpoint_ns ?? "" }
    const inner = await world.fetch("member", `/threads/${thread_id}/history`, post({ checkpoint: place }))
    const [latest] = Object(await inner.json())
    assert.deepEqual([latest.next, latest.checkpoint.checkpoint_ns], [["c2"], place.checkpoint_ns])
    await runs.wait(thread_id, "nested", { command: { resume: "ja" } })
    assert.include(logOf((await threads.getState(thread_id)).values), "c2:ja")
  }
}
