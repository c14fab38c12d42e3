import { assert } from "vitest"
import { agents, people } from "../../src/adapters/demo/World.ts"
import { ask, detailOf, json } from "../support/Ask.ts"
import { failureOf, said } from "../support/Conversation.ts"
import type { Scenarios } from "../support/Scenarios.ts"

interface Echo {
  readonly echo: {
    readonly configurable: Readonly<Record<string, unknown>>
    readonly metadata: Readonly<Record<string, unknown>>
    readonly context: unknown
    readonly tags: unknown
    readonly recursionLimit: unknown
  }
}

/** A team's own graphs, over the wire. */
export const ownGraphRuns = {
  "each graph has its default assistant, under its name and the id that the reference server gives it": async (
    world
  ) => {
    for (const person of ["member", "otherOrganisation"] as const) {
      const { assistants } = world.client(person)
      const echo = await assistants.get("echo")
      assert.strictEqual(echo.assistant_id, "046b5dc7-2108-582c-9c6c-31d556d138f0")
      assert.deepInclude(echo, { graph_id: "echo", name: "echo", metadata: { created_by: "system" } })
      const found = await assistants.search({ graphId: "echo" })
      assert.deepEqual(found.map(({ assistant_id }) => assistant_id), [echo.assistant_id])
    }
  },

  "a node sees the effective configuration, as the reference gives it": async (world) => {
    const { assistants, threads } = world.client("member")
    const { assistant_id } = await assistants.create({
      graphId: "echo",
      config: {
        configurable: { a: "assistant", ab: "assistant", nested: { from: "assistant", only_a: 1 }, user_id: "forged" },
        tags: ["assistant-tag"],
        recursion_limit: 33
      },
      context: { ctx_a: 1, ctx_ab: "assistant" },
      metadata: { meta_a: "assistant", meta_ab: "assistant" }
    })
    const { thread_id } = await threads.create()
    const run = {
      assistant_id,
      input: { input: 1 },
      config: { configurable: { ab: "run", r: "run", nested: { from: "run" } }, tags: ["run-tag"] },
      context: { ctx_ab: "run", ctx_r: 1 },
      metadata: { meta_r: "run", meta_ab: "run" }
    }
    const answer = await ask(world, "member", `POST /threads/${thread_id}/runs/wait`, run, { "x-custom-header": "hv" })
    const { echo } = json<Echo>(answer)
    const { checkpoint_ns, langgraph_auth_user, run_id, ...seen } = echo.configurable
    assert.deepInclude(seen, {
      a: "assistant",
      ab: "run",
      r: "run",
      nested: { from: "run" },
      "x-custom-header": "hv",
      thread_id,
      graph_id: "echo",
      assistant_id,
      user_id: people.member,
      langgraph_auth_user_id: people.member
    })
    assert.propertyVal(langgraph_auth_user, "identity", people.member)
    assert.match(String(checkpoint_ns), /^echo_node:/)
    assert.isString(run_id)
    assert.deepInclude(echo.metadata, {
      meta_a: "assistant",
      meta_ab: "run",
      meta_r: "run",
      thread_id,
      graph_id: "echo",
      run_id,
      langgraph_node: "echo_node"
    })
    assert.deepEqual(echo.context, { ctx_a: 1, ctx_ab: "run", ctx_r: 1 })
    assert.deepEqual(echo.tags, ["run-tag"])
    assert.strictEqual(echo.recursionLimit, 33)

    // The next message on the thread has what its own run says, and nothing that stuck.
    const next = json<Echo>(
      await ask(world, "member", `POST /threads/${thread_id}/runs/wait`, { assistant_id: "echo", input: { input: 2 } })
    )
    assert.notProperty(next.echo.configurable, "r")
    assert.notProperty(next.echo.configurable, "a")
    assert.deepEqual(next.echo.context, {})
    await assistants.delete(assistant_id)
  },

  "a question waits in the thread's state, and its answer goes on": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    const asked = await runs.wait(thread_id, "hitl", { input: { question: "ok?" } })
    assert.deepNestedPropertyVal(asked, "__interrupt__[0].value", { ask: "ok?" })
    const state = await threads.getState(thread_id)
    assert.deepEqual(state.next, ["ask"])
    assert.deepEqual(state.tasks[0]?.interrupts[0]?.value, { ask: "ok?" })
    assert.strictEqual((await threads.get(thread_id)).status, "interrupted")
    assert.deepEqual(await runs.wait(thread_id, "hitl", { command: { resume: "yes" } }), {
      question: "ok?",
      answer: "yes",
      log: ["prepare", "ask"]
    })
    assert.lengthOf(await threads.getHistory(thread_id), 4)
    assert.strictEqual((await ask(world, "otherOrganisation", `GET /threads/${thread_id}/state`)).status, 404)
  },

  "a graph within a graph streams under its name, and can ask from there": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    const events: Array<string> = []
    for await (
      const { event } of runs.stream(thread_id, "nested", {
        input: { log: ["in", "ask"] },
        streamMode: "updates",
        streamSubgraphs: true
      })
    ) events.push(event.replace(/:.*/, ""))
    assert.includeMembers(events, ["updates", "updates|sub"])
    const asking = await threads.getState(thread_id, undefined, { subgraphs: true })
    assert.deepNestedPropertyVal(asking, "tasks[0].state.values.log", ["in", "ask", "p1", "c1"])
    const values = await runs.wait(thread_id, "nested", { command: { resume: "fine" } })
    assert.deepPropertyVal(values, "log", ["in", "ask", "p1", "in", "ask", "p1", "c1", "c2:fine"])
  },

  "what is typed in from a chat page becomes messages, in a graph that was not even compiled": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    for (const [text, count] of [["eins", 1], ["zwei", 3]] as const) {
      const values = await runs.wait(thread_id, "chat", { input: { messages: [{ role: "user", content: text }] } })
      assert.strictEqual(said(values).at(-1), `ai: ${count}: ${text}`)
    }
  },

  "what a graph of one's own calls messages need not be any": async (world) => {
    const { runs } = world.client("member")
    const messages = ["just a text", { subject: "no message" }, { role: "user", content: "one" }, 7]
    const values = await runs.wait(null, "plain", { input: { input: 1, messages } })
    assert.deepNestedPropertyVal(values, "messages[0]", "just a text")
    assert.deepNestedPropertyVal(values, "messages[1]", { subject: "no message" })
    assert.nestedPropertyVal(values, "messages[2].type", "human")
    assert.nestedPropertyVal(values, "messages[3]", 7)
  },

  "what a graph puts into the store is there on the next thread, and nobody else's": async (world) => {
    const told = async (person: "member" | "admin" | "otherOrganisation", remember: string) => {
      const { runs, threads } = world.client(person)
      const { thread_id } = await threads.create()
      return runs.wait(thread_id, "memory", { input: { remember } })
    }
    assert.deepPropertyVal(await told("member", "tea"), "known", ["tea"])
    assert.deepPropertyVal(await told("member", "milk"), "known", ["milk", "tea"])
    assert.deepPropertyVal(await told("otherOrganisation", "wine"), "known", ["wine"])
    assert.deepPropertyVal(await told("admin", "coffee"), "known", ["coffee"])
  },

  "a graph stops where it was made to, and takes as many steps as it was made for, unless a run says otherwise": async (
    world
  ) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    assert.deepInclude(await runs.wait(thread_id, "patient", { input: { steps: 0 } }), { steps: 30 })
    assert.deepEqual((await threads.getState(thread_id)).next, ["finish"])
    assert.strictEqual((await threads.get(thread_id)).status, "interrupted")
    assert.deepEqual(await runs.wait(thread_id, "patient", { input: null }), { steps: 30, done: true })
    const through = await runs.wait(null, "patient", { input: { steps: 0 }, interruptBefore: [] })
    assert.deepEqual(through, { steps: 30, done: true })
    const short = await runs.wait(null, "patient", {
      input: { steps: 0 },
      config: { recursion_limit: 10 },
      raiseError: false
    })
    assert.propertyVal(failureOf(short), "error", "GraphRecursionError")
  },

  "a factory makes the graph of a run by the run's configuration": async (world) => {
    const { runs } = world.client("member")
    const greeted = (greeting: string) =>
      runs.wait(null, "factory", { input: {}, config: { configurable: { greeting } } })
    const answers = await Promise.all([greeted("Moin"), greeted("Servus")])
    assert.deepEqual(answers, [{ greeting: `Moin, ${people.member}` }, { greeting: `Servus, ${people.member}` }])
    const { nodes } = await world.client("member").assistants.getGraph("factory")
    assert.deepEqual(nodes.map(({ id }) => id), ["__start__", "greet", "__end__"])
  },

  "a graph may be written in JavaScript": async (world) => {
    assert.deepPropertyVal(
      await world.client("member").runs.wait(null, "plain", { input: { input: 21 } }),
      "doubled",
      42
    )
  },

  "a graph that nobody has is refused, and synced agents run on the built-in one beside": async (world) => {
    const refused = await ask(world, "member", "POST /assistants", { graph_id: "nope" })
    assert.strictEqual(refused.status, 422)
    assert.match(detailOf(refused), /Graph "nope" not found; this server has: agent, echo, hitl/)
    const values = await world.client("member").runs.wait(null, agents.recht, {
      input: { messages: [{ role: "user", content: "say:hallo" }] }
    })
    assert.strictEqual(said(values).at(-1), "ai: hallo")
  }
} satisfies Scenarios
