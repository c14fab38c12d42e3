import { Client as NewerClient } from "langgraph-sdk-1"
import { assert } from "vitest"
import { agents, people } from "../../src/adapters/demo/World.ts"
import { ask, json } from "../support/Ask.ts"
import { question, said } from "../support/Conversation.ts"
import { runsOf, type ShownCron, tick } from "../support/Crons.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Person, Throughline } from "../support/Throughline.ts"
import { refusal } from "../support/Wire.ts"

const unknown = "00000000-0000-4000-a000-000000000009"

const newer = ({ token, url }: Throughline, person: Person) =>
  new NewerClient({ apiUrl: url, apiKey: null, defaultHeaders: { authorization: `Bearer ${token(person)}` } })

export const shown = async (world: Throughline, person: Person, query: object = {}) =>
  json<ReadonlyArray<ShownCron>>(await ask(world, person, "POST /runs/crons/search", { limit: 1000, ...query }))

export const cronNow = async (world: Throughline, person: Person, cronId: string): Promise<ShownCron> =>
  (await shown(world, person)).find(({ cron_id }) => cron_id === cronId) ?? assert.fail("the cron is there")

const hourly = { schedule: "0 * * * *", input: question("say:guten Morgen") }

/** Runs that are wanted again and again. */
export const crons: Scenarios = {
  "a cron is made, found, counted, changed and deleted, by the SDK in both versions": async (world) => {
    for (const [person, assistant] of [["member", agents.recht], ["otherOrganisation", "agent"]] as const) {
      for (const { crons } of [world.client(person), newer(world, person)]) {
        const start = Date.now()
        const created = await crons.create(assistant, {
          ...hourly,
          metadata: { team: person },
          config: { tags: ["nightly"], configurable: { temperature: 0.1 } },
          context: { locale: "de" },
          webhook: "https://example.org/hook",
          interruptBefore: ["tools"],
          streamMode: ["values", "updates"],
          durability: "exit"
        })
        const next = new Date(created.next_run_date).getTime()
        assert.isTrue(next > start && next <= start + 3_600_000 && next % 3_600_000 === 0, created.next_run_date)
        assert.isNull(created.thread_id)
        assert.strictEqual(created.user_id, people[person])
        assert.deepEqual(created.metadata, { team: person })
        assert.strictEqual(created.schedule, "0 * * * *")
        const { assistant_id, config, context, durability, input, webhook } = created.payload
        assert.strictEqual(assistant_id, created.assistant_id)
        assert.deepEqual([input, context, durability], [hourly.input, { locale: "de" }, "exit"])
        assert.deepEqual(config, { tags: ["nightly"], configurable: { temperature: 0.1 } })
        assert.strictEqual(webhook, "https://example.org/hook")

        const [found, ...others] = await crons.search({ assistantId: created.assistant_id, enabled: true })
        assert.strictEqual(found?.cron_id, created.cron_id)
        assert.lengthOf(others, 0)
        assert.strictEqual(await crons.count({ assistantId: created.assistant_id }), 1)
        assert.deepEqual(await crons.search({ enabled: false }), [])

        const updated = await crons.update(created.cron_id, {
          enabled: false,
          schedule: "30 6 * * 1",
          input: question("say:anders"),
          metadata: { more: 1 }
        })
        assert.deepEqual([updated.enabled, updated.next_run_date, updated.schedule], [false, null, "30 6 * * 1"])
        assert.deepEqual(updated.metadata, { team: person, more: 1 })
        assert.deepEqual(updated.payload["input"], question("say:anders"))
        assert.deepEqual(updated.payload["config"], config, "what is not named stays")
        const again = await crons.update(created.cron_id, { enabled: true })
        assert.isTrue(again.enabled)
        assert.strictEqual(new Date(again.next_run_date ?? 0).getUTCDay(), 1)

        await crons.delete(created.cron_id)
        assert.strictEqual(await crons.count(), 0)
        await refusal(crons.delete(created.cron_id), 404)
        await refusal(crons.update(created.cron_id, { enabled: true }), 404)
      }
    }
  },

  "a cron is its owner's alone, and so are the thread and the assistant it may have": async (world) => {
    const { crons, threads } = world.client("member")
    const { thread_id } = await threads.create()
    const { cron_id } = await crons.createForThread(thread_id, agents.recht, hourly)
    assert.deepEqual((await crons.search({ threadId: thread_id })).map((cron) => cron.cron_id), [cron_id])
    for (const person of ["admin", "otherOrganisation", "noOrganisation"] as const) {
      const others = world.client(person).crons
      assert.deepEqual(await others.search(), [])
      assert.deepEqual(await others.search({ threadId: thread_id }), [])
      assert.strictEqual(await others.count({ threadId: thread_id }), 0)
      await refusal(others.update(cron_id, { enabled: false }), 404)
      await refusal(others.delete(cron_id), 404)
      await refusal(others.createForThread(thread_id, "agent", hourly), 404)
    }
    await refusal(world.client("otherOrganisation").crons.create(agents.recht, hourly), 404)
    await refusal(crons.create(unknown, hourly), 404)
    await refusal(crons.createForThread(unknown, agents.recht, hourly), 404)
    assert.isTrue((await cronNow(world, "member", cron_id)).enabled)
    await threads.delete(thread_id)
    assert.deepEqual(await crons.search(), [], "it goes with its thread")
  },

  "each tick makes a run, as its owner, with its configuration: on a fresh thread, kept or not, or on its own": async (
    world
  ) => {
    const { crons, runs, threads } = world.client("member")
    const config = { tags: ["nightly"], configurable: { temperature: 0.25 } }
    const brief = await crons.create(agents.recht, { ...hourly, input: question("say:flüchtig"), config })
    const kept = await crons.create(agents.recht, {
      ...hourly,
      input: question("say:bleibt"),
      config,
      onRunCompleted: "keep",
      metadata: { report: "daily" }
    })
    const { thread_id } = await threads.create()
    const own = await crons.createForThread(thread_id, agents.recht, { ...hourly, multitaskStrategy: "enqueue" })
    const stranger = await world.client("otherOrganisation").crons.create("agent", {
      ...hourly,
      input: question("say:anderswo"),
      onRunCompleted: "keep"
    })
    const all = [brief, kept, own, stranger].map(({ cron_id }) => cron_id)
    await tick(world, all)
    await tick(world, all)

    await world.until("both runs on the thread have ended", async () => {
      const list = await runs.list(thread_id)
      return list.length === 2 && list.every(({ status }) => status === "success")
    })
    assert.deepEqual(said((await threads.getState(thread_id)).values), [
      "human: say:guten Morgen",
      "ai: guten Morgen",
      "human: say:guten Morgen",
      "ai: guten Morgen"
    ])

    const found = await threads.search({ metadata: { cron_id: kept.cron_id } })
    assert.lengthOf(found, 2, "a thread for each tick")
    assert.strictEqual(found[0]?.metadata?.["report"], "daily")
    for (const thread of found) {
      const [run] = await runs.list(thread.thread_id)
      await world.until("it has ended", async () => (await threads.get(thread.thread_id)).status === "idle")
      assert.deepEqual(said((await threads.getState(thread.thread_id)).values), ["human: say:bleibt", "ai: bleibt"])
      const { metadata, kwargs } = Object(run)
      assert.deepEqual([metadata.cron_id, metadata.report], [kept.cron_id, "daily"])
      assert.deepEqual(kwargs.config.tags, ["nightly"])
      assert.strictEqual(kwargs.config.configurable.temperature, 0.25)
      assert.strictEqual(kwargs.config.configurable.langgraph_auth_user_id, people.member)
    }
    const lastRun = await cronNow(world, "member", kept.cron_id)
    assert.include(await runsOf(world, kept.cron_id), lastRun.last_run_id)
    assert.isNull(lastRun.last_error)
    assert.isAbove(new Date(lastRun.next_run_date ?? 0).getTime(), Date.now())

    await world.until("nothing is left of the brief one", async () => (await runsOf(world, brief.cron_id)).length === 0)
    assert.isNotNull((await cronNow(world, "member", brief.cron_id)).last_run_id, "it has run")
    assert.deepEqual(await threads.search({ metadata: { cron_id: stranger.cron_id } }), [])
    assert.lengthOf(
      await world.client("otherOrganisation").threads.search({ metadata: { cron_id: stranger.cron_id } }),
      2
    )
    for (const { cron_id } of [brief, kept, own]) await crons.delete(cron_id)
    await world.client("otherOrganisation").crons.delete(stranger.cron_id)
  },

  "ticks that nobody was there for are made up for once; after its end nothing runs; disabled neither": async (
    world
  ) => {
    const { crons } = world.client("member")
    // Of a schedule that is due only when it is made so.
    const daily = { ...hourly, schedule: "0 4 * * *", onRunCompleted: "keep" } as const
    const missed = await crons.create(agents.recht, daily)
    const disabled = await crons.create(agents.recht, { ...daily, enabled: false })
    assert.isNull(disabled.next_run_date)
    const over = await newer(world, "member").crons.create(agents.recht, {
      ...daily,
      endTime: new Date(Date.now() + 48 * 3_600_000).toISOString()
    })
    await world.database.query(
      "update langgraph_server.crons set end_time = now() - interval '1 second' where id = $1",
      [over.cron_id]
    )
    await tick(world, [missed.cron_id, disabled.cron_id, over.cron_id], "3 days")
    assert.lengthOf(await runsOf(world, missed.cron_id), 1)
    const next = new Date((await cronNow(world, "member", missed.cron_id)).next_run_date ?? 0).getTime()
    assert.isTrue(next > Date.now() - 60_000 && next <= Date.now() + 24 * 3_600_000, "and goes on from now")
    assert.lengthOf(await runsOf(world, disabled.cron_id), 0)
    assert.lengthOf(await runsOf(world, over.cron_id), 0)
    const ended = await cronNow(world, "member", over.cron_id)
    assert.deepEqual([ended.next_run_date, ended.enabled], [null, true])
    for (const { cron_id } of [missed, disabled, over]) await crons.delete(cron_id)
  },

  "a tick that can't be is refused in words, and nothing runs": async (world) => {
    const { assistants, crons, runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    const busy = await crons.createForThread(thread_id, agents.recht, hourly)
    const { assistant_id } = await assistants.create({ graphId: "agent", name: "Meiner" })
    const orphan = await crons.create(assistant_id, hourly)
    const active = await runs.create(thread_id, agents.recht, { input: question("slow:600000:lang") })
    await tick(world, [busy.cron_id])
    const refused = await cronNow(world, "member", busy.cron_id)
    assert.include(refused.last_error, "already running a task")
    assert.deepEqual([refused.enabled, refused.last_run_id], [true, null])
    await runs.cancel(thread_id, active.run_id, true)
    await tick(world, [busy.cron_id])
    assert.isNull((await cronNow(world, "member", busy.cron_id)).last_error, "the next one came through")

    await assistants.delete(assistant_id)
    const stopped = await cronNow(world, "member", orphan.cron_id)
    assert.deepEqual(
      [stopped.enabled, stopped.next_run_date, stopped.last_error],
      [false, null, "Disabled: its assistant was deleted"]
    )
    await crons.update(orphan.cron_id, { enabled: true })
    await tick(world, [orphan.cron_id])
    assert.include((await cronNow(world, "member", orphan.cron_id)).last_error, "not found")
    assert.lengthOf(await runsOf(world, orphan.cron_id), 0)
    for (const { cron_id } of [busy, orphan]) await crons.delete(cron_id)
  }
}
