import { Effect, Redacted } from "effect"
import { assert } from "vitest"
import { mintToken } from "../../src/adapters/demo/DemoTokens.ts"
import { agents, people } from "../../src/adapters/demo/World.ts"
import { ask, json } from "../support/Ask.ts"
import { question } from "../support/Conversation.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { say, talk } from "../support/Talk.ts"

const strangers = ["admin", "otherOrganisation", "noOrganisation"] as const

/** Field failure 10. */
export const privateThreads = {
  "a thread, its state, its history and its runs are its owner's alone": async (world) => {
    const secret = "say:Wacholderbeere"
    const { thread_id } = await talk(world, "member", agents.recht, [secret, "say:zwei"])
    const { runs, threads } = world.client("member")
    const [run] = await runs.list(thread_id)
    const [latest] = await threads.getHistory(thread_id)
    const checkpoint = latest?.checkpoint.checkpoint_id
    const routes = [
      `GET /threads/${thread_id}`,
      `GET /threads/${thread_id}/state`,
      `GET /threads/${thread_id}/state/${checkpoint}`,
      `GET /threads/${thread_id}/history`,
      `POST /threads/${thread_id}/history`,
      `POST /threads/${thread_id}/copy`,
      `GET /threads/${thread_id}/runs`,
      `GET /threads/${thread_id}/runs/${run?.run_id}`,
      `GET /threads/${thread_id}/runs/${run?.run_id}/config`,
      `GET /threads/${thread_id}/runs/${run?.run_id}/join`,
      `GET /threads/${thread_id}/runs/${run?.run_id}/stream`
    ]
    for (const route of routes) {
      assert.strictEqual((await ask(world, "member", route)).status, 200, route)
      for (const person of strangers) {
        const answer = await ask(world, person, route)
        assert.strictEqual(answer.status, 404, `${route} as ${person}`)
        assert.notInclude(answer.text, "Wacholder")
      }
    }
  },

  "lists and counts of threads hold one's own only": async (world) => {
    const { thread_id } = await world.client("member").threads.create({ metadata: { file: "Akte 7" } })
    for (const filter of [{}, { ids: [thread_id] }, { metadata: { file: "Akte 7" } }, { status: "idle" }]) {
      const found = await ask(world, "member", "POST /threads/search", { ...filter, limit: 1000 })
      assert.include(found.text, thread_id)
      for (const person of strangers) {
        const answer = await ask(world, person, "POST /threads/search", { ...filter, limit: 1000 })
        assert.notInclude(answer.text, thread_id)
        const shown = json<ReadonlyArray<object>>(answer).length
        assert.strictEqual(json(await ask(world, person, "POST /threads/count", filter)), shown)
      }
    }
  },

  "a thread's id is no way onto it": async (world) => {
    const { said, thread_id } = await talk(world, "member", agents.recht, ["say:eins"])
    assert.lengthOf(said, 2)
    const run = { assistant_id: "agent", input: question("say:untergeschoben"), if_not_exists: "create" }
    for (const person of strangers) {
      for (const exists of ["raise", "do_nothing"]) {
        const created = await ask(world, person, "POST /threads", { thread_id, if_exists: exists })
        assert.strictEqual(created.status, 409)
      }
      for (const way of ["", "/stream", "/wait"]) {
        assert.strictEqual((await ask(world, person, `POST /threads/${thread_id}/runs${way}`, run)).status, 404)
      }
      const patch = await ask(world, person, `PATCH /threads/${thread_id}`, { metadata: { owner: people[person] } })
      assert.strictEqual(patch.status, 404)
      assert.strictEqual((await ask(world, person, `DELETE /threads/${thread_id}`)).status, 404)
    }
    assert.deepEqual(await say(world, "member", thread_id, agents.recht, ["say:zwei"]), [
      "human: say:eins",
      "ai: eins",
      "human: say:zwei",
      "ai: zwei"
    ])
  },

  "a token that this project has not signed is none": async (world) => {
    const { thread_id } = await talk(world, "member", agents.recht, ["say:eins", "say:zwei"])
    const secret = Redacted.make("another project's secret, as long as it has to be")
    const foreign = await Effect.runPromise(mintToken({ secret, userId: people.member }))
    const [header, payload] = world.token("member").split(".")
    for (const token of [Redacted.value(foreign), `${header}.${payload}.`, `${header}.${payload}.AAAA`, ""]) {
      for (
        const headers of [
          { authorization: `Bearer ${token}` },
          { "x-api-key": token },
          { authorization: "Bearer nonsense", "x-api-key": world.token("member") }
        ]
      ) {
        const answer = await ask(world, undefined, `GET /threads/${thread_id}`, undefined, headers)
        assert.strictEqual(answer.status, 401)
        assert.notInclude(answer.text, thread_id)
      }
    }
    assert.strictEqual((await ask(world, "member", `GET /threads/${thread_id}`)).status, 200)
  },

  "metadata of a thread or a run gives it to nobody": async (world) => {
    const metadata = { owner: people.admin, user_id: people.admin, langgraph_auth_user_id: people.admin }
    const { thread_id } = await world.client("member").threads.create({ metadata })
    await say(world, "member", thread_id, agents.recht, ["say:eins", "say:zwei"], { metadata })
    assert.strictEqual((await ask(world, "admin", `GET /threads/${thread_id}`)).status, 404)
    assert.deepEqual(json(await ask(world, "admin", "POST /threads/search", { metadata })), [])
    assert.lengthOf(await world.client("member").runs.list(thread_id), 2)
  }
} satisfies Scenarios
