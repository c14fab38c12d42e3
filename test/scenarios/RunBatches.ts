import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { ask, json } from "../support/Ask.ts"
import { question, said } from "../support/Conversation.ts"
import { newerClient } from "../support/NewerClient.ts"
import { rowCounts } from "../support/Rows.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { talk } from "../support/Talk.ts"
import { refusal } from "../support/Wire.ts"

const recht = agents.recht

interface Problem {
  readonly loc: ReadonlyArray<string | number>
}

/** Several runs in one request, and whatever else the SDKs may say about a run. */
export const runBatches: Scenarios = {
  "a batch is as many runs, each as if it had come alone": async (world) => {
    const { runs } = newerClient(world, "member")
    const batch = await runs.createBatch([
      { assistantId: recht, input: question("slow:300:eins"), metadata: { nr: 1 } },
      { assistantId: "agent", input: question("slow:300:zwei"), metadata: { nr: 2 } }
    ])
    const made: ReadonlyArray<Awaited<ReturnType<typeof runs.get>>> = Object(batch)
    assert.deepEqual(made.map(({ metadata }) => metadata?.["nr"]), [1, 2])
    assert.strictEqual(new Set(made.map(({ thread_id }) => thread_id)).size, 2)
    for (const { run_id, thread_id } of made) {
      await refusal(world.client("otherOrganisation").runs.get(thread_id, run_id), 404)
    }
    const answers = await Promise.all(made.map(({ run_id, thread_id }) => runs.join(thread_id, run_id)))
    assert.deepEqual(answers.map((values) => said(values).at(-1)), ["ai: eins", "ai: zwei"])
  },

  "one bad run in a batch and none is made; the answer says which": async (world) => {
    const good = { assistant_id: recht, input: question("say:x") }
    const before = await rowCounts(world.database)
    const bad = await ask(world, "member", "POST /runs/batch", [good, { ...good, stream_mode: "everything" }])
    assert.strictEqual(bad.status, 422)
    assert.deepEqual(json<{ readonly detail: ReadonlyArray<Problem> }>(bad).detail[0]?.loc.slice(0, 3), [
      "body",
      1,
      "stream_mode"
    ])
    for (
      const [status, body] of [
        [404, [good, good, { ...good, assistant_id: "no-such" }]],
        [409, [good, { ...good, command: { resume: "?" } }]],
        [422, []],
        [422, good],
        [422, Array.from({ length: 101 }, () => good)]
      ] as const
    ) assert.strictEqual((await ask(world, "member", "POST /runs/batch", body)).status, status)
    assert.deepEqual(await rowCounts(world.database), before)
  },

  "many runs are stopped at once, and only one's own": async (world) => {
    const mine = newerClient(world, "member")
    const theirs = newerClient(world, "otherOrganisation")
    const slow = async ({ runs, threads }: typeof mine, assistant: string) => {
      const { thread_id } = await threads.create()
      const { run_id } = await runs.create(thread_id, assistant, { input: question("slow:20000:nie") })
      return { thread_id, run_id }
    }
    const [first, second, foreign] = [await slow(mine, recht), await slow(mine, recht), await slow(theirs, "agent")]
    const status = async ({ run_id, thread_id }: typeof first) => (await mine.runs.get(thread_id, run_id)).status
    const ended = (run: typeof first) => world.until("it ended", async () => (await status(run)) === "interrupted")
    await mine.runs.cancelMany({ threadId: first.thread_id, runIds: [first.run_id] })
    await ended(first)
    assert.include(["pending", "running"], await status(second))
    await mine.runs.cancelMany({ runIds: [foreign.run_id] })
    await mine.runs.cancelMany({ status: "all", action: "interrupt" })
    await ended(second)
    assert.include(["pending", "running"], (await theirs.runs.get(foreign.thread_id, foreign.run_id)).status)
    await theirs.runs.cancel(foreign.thread_id, foreign.run_id, true)
  },

  "a run is read by its id alone": async (world) => {
    const { runs, threads } = newerClient(world, "member")
    const { thread_id } = await threads.create()
    const { run_id } = await runs.create(thread_id, recht, {
      input: question("slow:300:eins zwei"),
      streamMode: "values"
    })
    const read = async (lastEventId: string) => {
      const events: Array<{ readonly id: string | undefined; readonly event: string; readonly data: unknown }> = []
      for await (const { data, event, id } of runs.joinStream(null, run_id, { lastEventId })) {
        events.push({ id, event, data })
      }
      return events
    }
    const all = await read("-1")
    assert.deepEqual(said(all.at(-1)?.data), ["human: slow:300:eins zwei", "ai: eins zwei"])
    for (const { id } of all) assert.match(id ?? "", /^\d+$/)
    assert.deepEqual(await read(all[0]?.id ?? ""), all.slice(1))
    for (const person of ["admin", "otherOrganisation"] as const) {
      assert.strictEqual((await ask(world, person, `GET /runs/${run_id}/stream`)).status, 404)
    }
    assert.strictEqual((await ask(world, "member", `GET /runs/${crypto.randomUUID()}/stream`)).status, 404)
  },

  "a run starts from a checkpoint of its own thread, and of no other": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await talk(world, "member", recht, ["say:eins"])
    const other = await talk(world, "member", recht, ["say:anderswo"])
    const [foreign] = await threads.getHistory(other.thread_id, { limit: 1 })
    const checkpointId = foreign?.checkpoint.checkpoint_id ?? ""
    const input = question("say:zwei")
    const checkpoint = { checkpoint_id: checkpointId, checkpoint_ns: "", checkpoint_map: null }
    for (const place of [{ checkpointId }, { checkpoint }]) {
      assert.include(await refusal(runs.create(thread_id, recht, { input, ...place }), 404), "has no checkpoint")
    }
    // Whose thread it is comes first: nobody learns which checkpoints there are.
    const stranger = world.client("otherOrganisation")
    const [own] = await threads.getHistory(thread_id, { limit: 1 })
    for (const id of [own?.checkpoint.checkpoint_id ?? "", checkpointId]) {
      const words = await refusal(stranger.runs.create(thread_id, "agent", { input, checkpointId: id }), 404)
      assert.include(words, `Thread with ID ${thread_id}`)
    }
    assert.lengthOf(await runs.list(thread_id), 1)
    const alone = { assistant_id: recht, input, checkpoint_id: checkpointId }
    assert.strictEqual((await ask(world, "member", "POST /runs/wait", alone)).status, 422)
  },

  "everything that the SDKs may say about a run is taken": async (world) => {
    const { runs } = newerClient(world, "member")
    const more = {
      metadata: { a: 1 },
      config: { tags: ["t"], recursion_limit: 30, configurable: { temperature: 0.1 } },
      context: { b: 2 },
      checkpointDuring: true,
      durability: "sync" as const,
      interruptBefore: [],
      interruptAfter: [],
      multitaskStrategy: "enqueue" as const,
      onCompletion: "complete" as const,
      onDisconnect: "continue" as const,
      afterSeconds: 0,
      ifNotExists: "create" as const,
      strictResume: true
    }
    const streamed = {
      streamMode: [
        "values",
        "updates",
        "messages",
        "messages-tuple",
        "custom",
        "debug",
        "events",
        "tasks",
        "checkpoints"
      ],
      streamSubgraphs: true,
      streamNamespaces: [""],
      streamResumable: true,
      streamIdleReconnect: 0,
      feedbackKeys: ["user_score"]
    } as const
    for (const thread of [null, crypto.randomUUID()]) {
      const input = question("say:da")
      const values = thread === null
        ? await runs.wait(null, recht, { ...more, input })
        : await runs.wait(thread, recht, { ...more, input })
      assert.deepEqual(said(values).at(-1), "ai: da")
      const created = await runs.create(thread, recht, {
        ...more,
        input,
        streamMode: [...streamed.streamMode],
        streamResumable: true,
        feedbackKeys: ["user_score"]
      })
      if (thread !== null) await runs.join(thread, created.run_id)
      const events: Array<string> = []
      const payload = { ...more, ...streamed, streamMode: [...streamed.streamMode], input }
      const stream = thread === null
        ? runs.stream(null, recht, Object(payload))
        : runs.stream(thread, recht, Object(payload))
      for await (const { event } of stream) events.push(String(event))
      assert.includeMembers([...new Set(events)], ["metadata", "values", "updates", "messages"])
    }
  }
}
