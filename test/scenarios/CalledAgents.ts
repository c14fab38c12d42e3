import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { copyOfRecht, editAgent } from "../support/Agents.ts"
import { messagesOf, question, said } from "../support/Conversation.ts"
import { allFrames } from "../support/Events.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { asking, giveAgents, lastRun, subrunsOf, tools } from "../support/Subruns.ts"
import { say, talk } from "../support/Talk.ts"
import type { Throughline } from "../support/Throughline.ts"
import { post } from "../support/Wire.ts"

const lawOf = (text: string) => `tool:search_laws:{"query":"${text}"}`

/** The tools that the model was offered when it was last told this, and nothing else. */
const offeredTo = ({ model }: Throughline, words: string): ReadonlyArray<string> => {
  const { body } =
    model.requests.findLast(({ body }) => JSON.stringify(body["messages"]).includes(JSON.stringify(words)))
      ?? assert.fail(words)
  const offered = Array.isArray(body["tools"]) ? body["tools"] : []
  return offered.map((tool: unknown) => String(Object(Object(tool).function).name))
}

const refusedIn = async (world: Throughline, thread: string) => {
  const { run_id } = await lastRun(world, "member", thread)
  const { tools } = Object(await (await world.fetch("member", `/threads/${thread}/runs/${run_id}/config`)).json())
  const agents: ReadonlyArray<{ readonly assistant_id: string; readonly error: string | null }> = Object(tools).agents
  return Object.fromEntries(agents.map(({ assistant_id, error }) => [assistant_id, error]))
}

/** Agents that call other agents of their organisation. */
export const calledAgents: Scenarios = {
  "an agent asks another, which works with its own tools, on a thread of the caller's that can be looked at": async (
    world
  ) => {
    await giveAgents(world, agents.allgemein, [agents.recht])
    const runs = world.client("member").runs
    const first = await talk(world, "member", agents.allgemein, [asking(tools[agents.recht], lawOf("Miete"))])
    assert.deepEqual(first.said.slice(1), [
      "ai: ",
      "tool: tool said: result for Miete",
      "ai: tool said: tool said: result for Miete"
    ])
    const parent = await lastRun(world, "member", first.thread_id)
    const [subrun, ...more] = await subrunsOf(world, parent.run_id)
    assert.isEmpty(more)
    assert(subrun !== undefined)
    assert.deepInclude(subrun, { assistant_id: agents.recht, status: "success", attempt: 1 })
    const seen = await runs.get(subrun.thread_id, subrun.run_id)
    assert.deepInclude(seen.metadata, { parent_run_id: parent.run_id, parent_thread_id: first.thread_id })
    const state = await world.client("member").threads.getState(subrun.thread_id)
    assert.deepEqual(said(state.values).slice(0, 1), [`human: ${lawOf("Miete")}`])
    assert.include(JSON.stringify(world.model.requests.at(-2)?.body), "Du bist ein Rechts-Assistent.")
    const [asked] = messagesOf(
      await world.client("member").threads.getState(first.thread_id).then(({ values }) => values)
    )
      .filter(({ type }) => type === "tool")
    assert.strictEqual(asked?.name, "Rechts-Assistent")

    const second = await say(world, "member", first.thread_id, agents.allgemein, [
      asking(tools[agents.recht], "say:zweite Antwort")
    ])
    assert.strictEqual(second.at(-1), "ai: tool said: zweite Antwort")
    const again = await subrunsOf(world, (await lastRun(world, "member", first.thread_id)).run_id)
    assert.notStrictEqual(again[0]?.thread_id, subrun.thread_id, "each call has a conversation of its own")
  },

  "two agents are asked at once": async (world) => {
    await giveAgents(world, agents.allgemein, [agents.recht, agents.wartung])
    const calls = [asking(tools[agents.recht], "say:eins"), asking(tools[agents.wartung], "say:zwei")]
    const { said } = await talk(world, "member", agents.allgemein, [
      `tools:${calls.map((call) => call.slice("tool:".length)).join("|")}`
    ])
    assert.deepEqual(said.slice(2, 4), ["tool: eins", "tool: zwei"])
  },

  "nobody else sees what they do, and it is not in the list of the caller's own conversations": async (world) => {
    await giveAgents(world, agents.allgemein, [agents.recht])
    const { thread_id } = await talk(world, "member", agents.allgemein, [asking(tools[agents.recht], "say:geheim")])
    const { run_id } = await lastRun(world, "member", thread_id)
    const [subrun] = await subrunsOf(world, run_id)
    assert(subrun !== undefined)
    for (const person of ["admin", "otherOrganisation"] as const) {
      const answer = await world.fetch(person, `/threads/${subrun.thread_id}/runs/${subrun.run_id}`)
      assert.strictEqual(answer.status, 404)
    }
    const { threads } = world.client("member")
    const listed = await threads.search({ limit: 1000 })
    assert.include(listed.map(({ thread_id }) => thread_id), thread_id)
    assert.notInclude(listed.map(({ thread_id }) => thread_id), subrun.thread_id)
    assert.strictEqual(await threads.count(), listed.length)
    for (const metadata of [{ parent_run_id: run_id }, { parent_thread_id: thread_id }]) {
      const found = await threads.search({ metadata })
      assert.deepEqual(found.map(({ thread_id }) => thread_id), [subrun.thread_id])
    }
    await threads.delete(thread_id)
    assert.strictEqual((await world.fetch("member", `/threads/${subrun.thread_id}`)).status, 404)
    const { rows } = await world.database.query(
      "select from langgraph_server.checkpoints where thread_id = $1",
      [subrun.thread_id]
    )
    assert.isEmpty(rows)
  },

  "what may not be called is not offered, and everybody is told why": async (world) => {
    const gone = await copyOfRecht(world)
    await editAgent(world, gone, "status = 'disabled', name = 'Abgeschaltet'")
    const foreign = await copyOfRecht(world)
    await editAgent(world, foreign, "engine_type = 'flowise', name = 'Fremd'")
    const personal = await copyOfRecht(world)
    await editAgent(
      world,
      personal,
      "is_global = false, created_by_user_id = $2, name = 'Persönlich'",
      crypto.randomUUID()
    )
    const absent = crypto.randomUUID()
    const named = [agents.recht, agents.expose, gone, foreign, personal, absent, agents.allgemein]
    await giveAgents(world, agents.allgemein, named)
    const { thread_id } = await world.client("member").threads.create()
    for (const round of ["erste Runde", "zweite Runde"]) {
      const frames = await allFrames(
        await world.fetch(
          "member",
          `/threads/${thread_id}/runs/stream`,
          post({ assistant_id: agents.allgemein, input: question(`say:${round}`) })
        )
      )
      assert.deepEqual(offeredTo(world, `say:${round}`), [tools[agents.recht]])
      const told = Object(frames.find(({ event }) => event === "tools/unavailable")?.data)
      assert.deepEqual(told.servers, [])
      assert.sameMembers(told.agents.map((agent: unknown) => Object(agent).assistant_id), named.slice(1))
      const refused = await refusedIn(world, thread_id)
      assert.isNull(refused[agents.recht])
      assert.include(refused[gone], "not active")
      for (const unseen of [agents.expose, personal, absent]) assert.strictEqual(refused[unseen], "not found")
      assert.include(refused[foreign], "engine")
      assert.include(refused[agents.allgemein], "call itself")
      const { body } = world.model.requests.at(-1) ?? assert.fail()
      const [system] = Array.isArray(body["messages"]) ? body["messages"] : []
      assert.include(JSON.stringify(system), "Not available in this run: the agents ")
      assert.notInclude(JSON.stringify(system), "Exposé", "nothing of what one can't see")
    }
  },

  "whoever belongs to both organisations gets no agent of the one into the other's": async (world) => {
    await giveAgents(world, agents.allgemein, [agents.expose])
    const added = [
      `insert into public.organization_members (organization_id, user_id, role)
      select organization_id, $2, 'member' from public.agents where id = $1`,
      [agents.expose]
    ] as const
    const newcomer = "d4e5f6a7-0000-4000-a000-000000000002"
    await world.database.query(added[0], [...added[1], newcomer])
    const { thread_id } = await world.client("admin").threads.create()
    await world.until("the membership is known", async () => {
      const { status } = await world.fetch("admin", `/assistants/${agents.expose}`)
      return status === 200
    })
    await say(world, "admin", thread_id, agents.allgemein, ["say:beide"])
    assert.notInclude(offeredTo(world, "say:beide"), tools[agents.expose])
    // An assistant of one's own is of no organisation: what one may use, it may.
    const own = await world.client("admin").assistants.create({
      graphId: "agent",
      config: { configurable: { agent_tools: [agents.expose, agents.recht] } }
    })
    const { said } = await talk(world, "admin", own.assistant_id, [
      asking(tools[agents.expose], "say:aus Süd"),
      asking(tools[agents.recht], "say:aus Nord")
    ])
    assert.include(said, "tool: aus Süd")
    assert.include(said, "tool: aus Nord")
    await world.database.query("delete from public.organization_members where user_id = $1 and organization_id <> $2", [
      newcomer,
      "11111111-1111-4111-a111-111111111111"
    ])
  },

  "an edit of the one that is asked is in its next answer; withdrawn, it is refused there and then": async (world) => {
    const called = await copyOfRecht(world)
    await editAgent(world, called, "name = 'Gehilfe'")
    await giveAgents(world, agents.allgemein, [called])
    const { thread_id } = await talk(world, "member", agents.allgemein, [asking("Gehilfe", "say:vorher gefragt")])
    await editAgent(world, called, "system_prompt = 'Du bist jetzt ein anderer.'")
    await say(world, "member", thread_id, agents.allgemein, [asking("Gehilfe", "say:nachher gefragt")])
    const asked = (words: string) =>
      JSON.stringify(
        world.model.requests.find(({ body }) => JSON.stringify(body["messages"]).includes(`"say:${words}"`))?.body
      )
    assert.include(asked("vorher gefragt"), "Du bist ein Rechts-Assistent.")
    assert.include(asked("nachher gefragt"), "Du bist jetzt ein anderer.")

    // Offered as its run began, gone when it is called.
    const { runs } = world.client("member")
    const { run_id } = await runs.create(thread_id, agents.allgemein, {
      input: question(`after:3000:${asking("Gehilfe", "say:nie gehört")}`)
    })
    await world.until("the model is asked", () => JSON.stringify(world.model.requests).includes("nie gehört"))
    await editAgent(world, called, "deleted_at = now()")
    const last = said(await runs.join(thread_id, run_id))
    assert.match(last.at(-2) ?? "", /^tool: Gehilfe can't be called: /)
    assert.isEmpty(await subrunsOf(world, run_id))
    await say(world, "member", thread_id, agents.allgemein, ["say:danach"])
    assert.notInclude(offeredTo(world, "say:danach"), "Gehilfe")
  },

  "nobody is called by whom they called, and nobody too deep": async (world) => {
    const chain = [agents.allgemein, agents.recht, agents.wartung, agents.dokumente]
    const beyond = await copyOfRecht(world)
    await editAgent(world, beyond, "name = 'Zu tief'")
    for (const [index, agent] of chain.entries()) {
      await giveAgents(world, agent, [...chain.filter((_, other) => other <= index), chain[index + 1] ?? beyond])
    }
    try {
      const { said, thread_id } = await talk(world, "member", agents.allgemein, [
        asking(tools[agents.recht], asking(tools[agents.wartung], asking(tools[agents.dokumente], "say:ganz unten")))
      ])
      assert.strictEqual(said.at(-1), "ai: tool said: tool said: tool said: ganz unten")
      assert.deepEqual(offeredTo(world, "say:ganz unten").filter((name) => name !== "search_laws"), [])
      const threads = [thread_id]
      for (const [depth, agent] of chain.entries()) {
        const run = await lastRun(world, "member", threads[depth] ?? "")
        assert.strictEqual(run.assistant_id, agent)
        const [subrun] = await subrunsOf(world, run.run_id)
        if (depth < 3) threads.push(subrun?.thread_id ?? assert.fail())
        else assert.isUndefined(subrun)
      }
      const [, second, , deepest] = threads
      assert.include((await refusedIn(world, second ?? ""))[agents.allgemein], "call itself")
      assert.include((await refusedIn(world, deepest ?? ""))[beyond], "no deeper than 3")
    } finally {
      for (const agent of chain) await giveAgents(world, agent, [])
    }
  },

  "its words are its own: the stream shows that it was asked, and what it answered": async (world) => {
    await giveAgents(world, agents.allgemein, [agents.recht])
    const { thread_id } = await world.client("member").threads.create()
    const answered = world.fetch(
      "member",
      `/threads/${thread_id}/runs/stream`,
      post({
        assistant_id: agents.allgemein,
        input: question(asking(tools[agents.recht], "slow:1500:langsam und in vielen Worten gesagt")),
        stream_mode: ["messages-tuple", "updates"],
        stream_subgraphs: true
      })
    )
    const run = await world.until("it is begun", async () => (await world.client("member").runs.list(thread_id))[0])
    const subrun = await world.until("the other is asked", async () => (await subrunsOf(world, run.run_id))[0])
    // Whoever wants to hear it while it speaks joins it where it speaks.
    const heard: Array<string> = []
    for await (const { data, event } of world.client("member").runs.joinStream(subrun.thread_id, subrun.run_id)) {
      if (event === "messages") heard.push(String(Object(Object(data)[0]).content))
    }
    assert.include(heard.join(""), "langsam und in vielen Worten gesagt")
    const frames = await allFrames(await answered)
    const words = frames.filter(({ event }) => event.startsWith("messages"))
      .map(({ data }) => Object(Object(data)[0]))
    const answer = words.findIndex(({ type }) => type === "tool")
    assert.notInclude(words.slice(0, answer).map(({ content }) => String(content)).join(""), "langsam")
    assert.deepEqual(words.filter(({ type }) => type === "tool").map(({ content }) => content), [
      "langsam und in vielen Worten gesagt"
    ])
    assert.isEmpty(frames.filter(({ event }) => event.includes("|")), "it is no part of this graph")
  },

  "one that fails has failed, and says so to whoever asked": async (world) => {
    await giveAgents(world, agents.allgemein, [agents.recht])
    const { said, thread_id } = await talk(world, "member", agents.allgemein, [
      asking(tools[agents.recht], "fail:400"),
      "say:weiter"
    ])
    assert.match(said[2] ?? "", /^tool: ⚖️ Rechts-Assistent failed: .*400/)
    assert.strictEqual(said.at(-1), "ai: weiter")
    const [, first] = await world.client("member").runs.list(thread_id)
    const [subrun] = await subrunsOf(world, first?.run_id ?? "")
    assert.strictEqual(subrun?.status, "error")
  }
}
