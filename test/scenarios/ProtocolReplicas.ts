import { randomUUID } from "node:crypto"
import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { question } from "../support/Conversation.ts"
import { command, ends, eventsUntil, isEnd } from "../support/ProtocolClient.ts"
import { openSurroundings, startThroughline, type WorldOptions } from "../support/Throughline.ts"

/** A reader goes from one replica to another, in the midst of a run and after a restart: nothing is told otherwise. */
export const readersMove = async (options: WorldOptions = {}): Promise<void> => {
  const around = await openSurroundings(options)
  const one = await startThroughline({ ...options, beside: around })
  const two = await startThroughline({ ...options, beside: around })
  try {
    const thread = randomUUID()
    const start = (text: string) =>
      command(one, thread, "run.start", { assistant_id: agents.recht, input: question(text) })
    await start("slow:800:a b c d e f")
    const begun = await eventsUntil(one, thread, {}, ({ params }) => params.data["event"] === "content-block-delta")
    const since = begun.at(-1)?.seq ?? 0
    const rest = await eventsUntil(two, thread, { since }, isEnd)
    await start("say:zweite")
    // Who waits on another replica than the run is on hears of it as well.
    const later = await eventsUntil(two, thread, { since: rest.at(-1)?.seq ?? 0 }, isEnd)
    const all = [...begun, ...rest, ...later]
    assert.deepEqual(await eventsUntil(two, thread, {}, ends(2)), all)
    assert.deepEqual(await eventsUntil(one, thread, {}, ends(2)), all)
    await one.stop()
    const again = await startThroughline({ ...options, beside: around })
    try {
      assert.deepEqual(await eventsUntil(again, thread, {}, ends(2)), all)
      assert.deepEqual(await eventsUntil(again, thread, { since }, ends(2)), all.slice(begun.length))
    } finally {
      await again.stop()
    }
  } finally {
    await Promise.all([one.stop(), two.stop()])
    await around.stop()
  }
}

/** A run that is undone leaves no trace on the stream, and its numbers are not given again. */
export const undoneRuns = async (options: WorldOptions = {}): Promise<void> => {
  const world = await startThroughline(options)
  try {
    const thread = randomUUID()
    const start = (text: string, more: object = {}) =>
      command(world, thread, "run.start", { assistant_id: agents.recht, input: question(text), ...more })
    await start("say:eins")
    const first = await eventsUntil(world, thread, {}, isEnd)
    await start("slow:20000:nie")
    const undone = await eventsUntil(world, thread, {}, ends(1))
    assert.deepEqual(undone, first)
    const running = await eventsUntil(
      world,
      thread,
      { since: first.at(-1)?.seq ?? 0 },
      ({ method }) => method === "tasks"
    )
    await start("say:drei", { multitaskStrategy: "rollback" })
    const third = await eventsUntil(
      world,
      thread,
      { since: running.at(-1)?.seq ?? 0 },
      ({ method, params }) =>
        method === "lifecycle" && params.namespace.length === 0 && params.data["event"] === "completed"
    )
    const whole = await eventsUntil(world, thread, {}, ends(2))
    const numbers = new Set(running.map(({ seq }) => seq))
    assert.isEmpty(whole.filter(({ seq }) => numbers.has(seq)))
    assert.deepEqual(whole.slice(0, first.length), first)
    assert.strictEqual(whole.at(-1)?.seq, third.at(-1)?.seq)
    assert.notInclude(JSON.stringify(whole), "nie")
  } finally {
    await world.stop()
  }
}
