import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { copyOfRecht, editAgent } from "../support/Agents.ts"
import { giveServers } from "../support/AgentServers.ts"
import { question, said } from "../support/Conversation.ts"
import { startMcpServer } from "../support/McpServers.ts"
import { exceptLogs, rowsAbout } from "../support/Rows.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { allTables } from "../support/Snapshot.ts"
import { asking, giveAgents, lastRun, subrunsOf, tools } from "../support/Subruns.ts"
import { say, talk } from "../support/Talk.ts"
import type { Throughline } from "../support/Throughline.ts"
import { post } from "../support/Wire.ts"

/** One place for runs in this process, one for the organisation: whoever waits for another would wait for ever. */
export const onePlace = { RUNS_PER_PROCESS: "1", RUNS_PER_ORGANISATION: "1" }

const endless = () => `slow:20000:nie fertig geworden ${crypto.randomUUID()}`

/** A run whose agent has asked another one, which is still being answered by the model. */
const atWork = async (world: Throughline, text = endless()) => {
  await giveAgents(world, agents.allgemein, [agents.recht])
  const { runs, threads } = world.client("member")
  const { thread_id } = await threads.create()
  const { run_id } = await runs.create(thread_id, agents.allgemein, {
    input: question(asking(tools[agents.recht], text))
  })
  const subrun = await world.until("the other is at work", async () => (await subrunsOf(world, run_id))[0])
  const exchange = await world.until(
    "the model is asked",
    () => world.model.requests.find(({ body }) => JSON.stringify(body["messages"]).includes(JSON.stringify(text)))
  )
  return { runs, threads, thread_id, run_id, subrun, exchange }
}

/** Room for one run at a time. */
export const crowdedSubruns: Scenarios = {
  "agents that are asked need no place of their own, however deep, and whoever else waits": async (world) => {
    await giveAgents(world, agents.allgemein, [agents.recht])
    await giveAgents(world, agents.recht, [agents.wartung])
    await giveAgents(world, agents.wartung, [agents.expose, agents.dokumente])
    await giveServers(world, agents.dokumente, [])
    const deep = asking(
      tools[agents.recht],
      asking(tools[agents.wartung], asking(tools[agents.dokumente], "say:unten"))
    )
    const [first, other] = await Promise.all([
      talk(world, "member", agents.allgemein, [deep, asking(tools[agents.recht], "say:nochmal")]),
      talk(world, "admin", agents.allgemein, [deep])
    ])
    for (const { said } of [first, other]) assert.strictEqual(said[3], "ai: tool said: tool said: tool said: unten")
    assert.strictEqual(first.said.at(-1), "ai: tool said: nochmal")
  }
}

/** Runs within runs that end before they are done. */
export const stoppedSubruns: Scenarios = {
  "a stop reaches the model's request of the one that was asked": async (world) => {
    const { exchange, run_id, runs, subrun, thread_id, threads } = await atWork(world)
    assert.strictEqual((await runs.get(subrun.thread_id, subrun.run_id)).status, "running")
    assert.strictEqual((await threads.get(subrun.thread_id)).status, "busy")
    await runs.cancel(thread_id, run_id, true)
    await world.until("the model's request is gone", () => exchange.aborted)
    assert.strictEqual((await runs.get(thread_id, run_id)).status, "interrupted")
    assert.strictEqual((await runs.get(subrun.thread_id, subrun.run_id)).status, "interrupted", "not before its parent")
    assert.strictEqual((await threads.get(subrun.thread_id)).status, "idle")
    await runs.join(subrun.thread_id, subrun.run_id)
    // Whoever wants it may go on with it.
    const more = await runs.wait(subrun.thread_id, agents.recht, { input: question("say:weiter") })
    assert.strictEqual(said(more).at(-1), "ai: weiter")
    assert.strictEqual((await say(world, "member", thread_id, agents.allgemein, ["say:danach"])).at(-1), "ai: danach")
  },

  "stopped alone, it leaves whoever asked to go on": async (world) => {
    const { exchange, run_id, runs, subrun, thread_id } = await atWork(world)
    await runs.cancel(subrun.thread_id, subrun.run_id, true)
    await world.until("the model's request is gone", () => exchange.aborted, 5_000)
    const answer = said(await runs.join(thread_id, run_id))
    assert.strictEqual(answer.at(-1), "ai: tool said: ⚖️ Rechts-Assistent was stopped before it had an answer.")
    assert.strictEqual((await runs.get(subrun.thread_id, subrun.run_id)).status, "interrupted")
  },

  "its thread deleted meanwhile, it ends, and whoever asked goes on": async (world) => {
    const text = `slow:6000:doch noch ${crypto.randomUUID()}`
    const { run_id, runs, subrun, thread_id, threads } = await atWork(world, text)
    await threads.delete(subrun.thread_id)
    assert.match(said(await runs.join(thread_id, run_id)).at(-1) ?? "", /was stopped before it had an answer/)
    assert.isEmpty(await subrunsOf(world, run_id))
  },

  "a thread that is deleted takes along what was at work for it": async (world) => {
    const { exchange, subrun, thread_id, threads } = await atWork(world)
    await threads.delete(thread_id)
    await world.until("the model's request is gone", () => exchange.aborted)
    for (const id of [thread_id, subrun.thread_id, subrun.run_id]) {
      await world.until(
        "nothing is left",
        async () => Object.keys(exceptLogs(await rowsAbout(world.database, id))).length === 0
      )
    }
  },

  "a roll-back leaves no trace of it, nor does a stateless run, nor a run that is deleted": async (world) => {
    const rolled = await atWork(world)
    await rolled.runs.cancel(rolled.thread_id, rolled.run_id, true, "rollback")
    await giveAgents(world, agents.allgemein, [agents.recht])
    const stateless = await world.fetch(
      "member",
      "/runs/wait",
      post({ assistant_id: agents.allgemein, input: question(asking(tools[agents.recht], "say:flüchtig")) })
    )
    assert.include(await stateless.text(), "tool said: flüchtig")
    const statelessRun = stateless.headers.get("content-location")?.split("/").at(-1) ?? assert.fail()
    const kept = await talk(world, "member", agents.allgemein, [asking(tools[agents.recht], "say:behalten")])
    const { run_id } = await lastRun(world, "member", kept.thread_id)
    const [subrun] = await subrunsOf(world, run_id)
    await rolled.runs.delete(kept.thread_id, run_id)
    for (const id of [rolled.subrun.run_id, subrun?.run_id ?? assert.fail(), statelessRun]) {
      assert.deepEqual(exceptLogs(await rowsAbout(world.database, id)), {}, id)
    }
  },

  "what it was asked for is paid with the caller's token, which is in no row": async (world) => {
    const locked = await startMcpServer({ tools: ["counter"], token: world.token("member") })
    const called = await copyOfRecht(world)
    await editAgent(world, called, "name = 'Verschlossen'")
    await giveServers(world, called, [{ name: "locked", url: locked.url, auth: true }])
    await giveServers(world, agents.allgemein, [])
    await giveAgents(world, agents.allgemein, [called])
    try {
      const { said } = await talk(world, "member", agents.allgemein, [
        asking("Verschlossen", "tool:counter:{}"),
        asking("Verschlossen", "tool:counter:{}")
      ])
      assert.lengthOf(locked.seen.calls, 2)
      assert.match(said.at(-1) ?? "", /tool said: tool said: /)
      for (const table of await allTables(world.database)) {
        const { rows } = await world.database.query<{ row: string }>(`select t::text as row from ${table} t`)
        for (const { row } of rows) assert.notInclude(row, world.token("member"), table)
      }
      assert.notInclude(world.logs.join("\n"), world.token("member"))
    } finally {
      await locked.close()
    }
  },

  "what they did is in the record of both": async (world) => {
    const { thread_id } = await talk(world, "member", agents.allgemein, ["say:ohne"])
    await giveAgents(world, agents.allgemein, [agents.recht, agents.expose])
    await say(world, "member", thread_id, agents.allgemein, [asking(tools[agents.recht], "say:im Bericht")])
    const run = await lastRun(world, "member", thread_id)
    const recordOf = async (thread: string, run: string) =>
      Object(await (await world.fetch("member", `/threads/${thread}/runs/${run}/record`)).json())
    const record = await recordOf(thread_id, run.run_id)
    const [subrun] = await subrunsOf(world, run.run_id)
    assert(subrun !== undefined)
    const { run_id, thread_id: of } = subrun
    assert.isNull(record.parent)
    assert.deepEqual(record.subruns, [{ run_id, thread_id: of, assistant_id: agents.recht, status: "success" }])
    assert.deepEqual(record.tools.agents, [
      { assistant_id: agents.recht, name: "⚖️ Rechts-Assistent", tool: tools[agents.recht], error: null },
      { assistant_id: agents.expose, name: null, tool: null, error: "not found" }
    ])
    const steps: ReadonlyArray<{ readonly kind: string; readonly subrun: unknown }> = record.steps
    assert.deepEqual(steps.filter(({ kind }) => kind === "tool").map(({ subrun }) => subrun), [{
      run_id,
      thread_id: of
    }])
    const below = await recordOf(of, run_id)
    assert.deepEqual(below.parent, { run_id: run.run_id, thread_id })
    assert.isEmpty(below.subruns)
    assert.include(below.steps.map((step: unknown) => Object(step).kind), "model")
  }
}

/** What a run may take is also for what it has others do. */
export const timedOutSubruns: Scenarios = {
  "out of time, a run takes along what it had asked for": async (world) => {
    const { exchange, run_id, runs, subrun, thread_id } = await atWork(world)
    await world.until("it is out of time", async () => (await runs.get(thread_id, run_id)).status === "timeout", 30_000)
    await world.until("the model's request is gone", () => exchange.aborted)
    assert.include(["interrupted", "timeout"], (await runs.get(subrun.thread_id, subrun.run_id)).status)
    assert.strictEqual((await say(world, "member", thread_id, agents.allgemein, ["say:danach"])).at(-1), "ai: danach")
  }
}

/** One that has to ask a person first. */
export const askingSubruns: Scenarios = {
  "asks a person on its own thread, and says so to whoever called it": async (world) => {
    await giveAgents(world, agents.allgemein, [agents.recht])
    const { runs, threads } = world.client("member")
    const { said: words, thread_id } = await talk(world, "member", agents.allgemein, [
      asking(tools[agents.recht], "tool:ask:{\"question\":\"darf ich?\"}")
    ])
    const { run_id } = await lastRun(world, "member", thread_id)
    const [subrun] = await subrunsOf(world, run_id)
    assert(subrun !== undefined)
    assert.include(
      words.at(-1),
      `has stopped to ask a person something and has no answer yet. It waits on thread ${subrun.thread_id}`
    )
    assert.strictEqual((await threads.get(thread_id)).status, "idle")
    assert.strictEqual((await threads.get(subrun.thread_id)).status, "interrupted")
    const answered = await runs.wait(subrun.thread_id, agents.recht, { command: { resume: "ja" } })
    assert.strictEqual(said(answered).at(-1), "ai: tool said: answered \"ja\"")
    assert.strictEqual((await say(world, "member", thread_id, agents.allgemein, ["say:danach"])).at(-1), "ai: danach")
  }
}
