import { Effect, Redacted } from "effect"
import { afterAll, assert, beforeAll, describe, test } from "vitest"
import { mintToken } from "../../src/adapters/demo/DemoTokens.ts"
import { people } from "../../src/adapters/demo/World.ts"
import { routes } from "../../src/adapters/http/Routes.ts"
import { type Answer, ask } from "../support/Ask.ts"
import { snapshot } from "../support/Snapshot.ts"
import { type Person, startThroughline, type Throughline } from "../support/Throughline.ts"
import {
  belongings,
  canary,
  type Case,
  type Expected,
  matrix,
  type Owned,
  requestFor,
  strangers
} from "./LeakMatrix.ts"

let world: Throughline
let ended: Owned
let running: Owned

beforeAll(async () => {
  world = await startThroughline()
  ;({ ended, running } = await belongings(world))
})
afterAll(async () => {
  await world.client("member").runs.cancel(running.thread_id, running.run_id, true)
  await world.stop()
})

const request = (person: Person | undefined, asked: string, row: Case, owned: Owned, headers = {}) => {
  const { body, route } = requestFor(asked, row, owned)
  return ask(world, person, route, body, headers, row.endless)
}

const answersWith = (answer: Answer, expected: Expected) => {
  const { status, text } = typeof expected === "number" ? { status: expected, text: undefined } : expected
  assert.strictEqual(answer.status, status, answer.text)
  if (text !== undefined) assert.strictEqual(answer.text, text)
}

const isRefusal = (expected: Expected) => typeof expected !== "number" || expected >= 400

const guarded = routes.filter((route) => !route.public)
const cases = Object.entries(matrix).flatMap(([route, rows]) => rows.map((row) => ({ route, row })))
const title = (route: string, row: Case) => row.synced ? `${route} (synced)` : route

test("the matrix has every route that is not public, and no other", () => {
  assert.sameMembers(Object.keys(matrix), guarded.map(({ method, path }) => `${method} ${path}`))
})

test("what is public is what the contract says, and tells nothing of anybody", async () => {
  const open = routes.filter((route) => route.public)
  assert.sameMembers(
    open.map(({ method, path }) => `${method} ${path}`),
    [
      "",
      "ok",
      "live",
      "ready",
      "health",
      "info",
      "docs",
      "openapi.json",
      "metrics",
      "demo/people",
      "ui/{graph_id}/{file}"
    ]
      .map((path) => `GET /${path}`)
  )
  for (const { method, path } of open) {
    const answer = await ask(world, undefined, `${method} ${path}`)
    // The demo's tokens are for whoever tries it, components' files are of graphs that have any: here is neither.
    assert.strictEqual(answer.status, /^\/(demo|ui)\//.test(path) ? 404 : 200)
    assert.notInclude(answer.text, canary)
    assert.notInclude(answer.text, ended.thread_id)
  }
})

describe("without a token of this server's there is nothing", () => {
  test.each(guarded)("$method $path", async ({ method, path }) => {
    const before = await snapshot(world.database)
    const foreign = await Effect.runPromise(
      mintToken({ secret: Redacted.make("another project's secret, as long as it has to be"), userId: people.member })
    )
    const forged = { authorization: `Bearer ${Redacted.value(foreign)}` }
    const nonsense = { authorization: "Bearer nonsense" }
    const route = `${method} ${path}`
    for (const row of matrix[route] ?? []) {
      for (
        const headers of [
          {},
          forged,
          nonsense,
          { "x-api-key": Redacted.value(foreign) },
          { ...nonsense, "x-api-key": world.token("member") }
        ]
      ) {
        const answer = await request(undefined, route, row, ended, headers)
        assert.strictEqual(answer.status, 401, answer.text)
        assert.strictEqual(answer.headers.get("www-authenticate"), "Bearer")
        assert.notInclude(answer.text, canary)
      }
    }
    assert.deepEqual(await snapshot(world.database), before)
  })
})

describe.each(strangers)("as %s, what is the member's is not there", (person) => {
  const refused = cases.filter(({ row }) => isRefusal(row.strangers[person]))
  test.each(refused.map(({ route, row }) => [title(route, row), route, row] as const))("%s", async (_, route, row) => {
    const before = await snapshot(world.database)
    for (const owned of [ended, running]) {
      const answer = await request(person, route, row, owned)
      answersWith(answer, row.strangers[person])
      assert.notInclude(answer.text, canary)
      assert.notInclude(JSON.stringify([...answer.headers]), ended.thread_id)
      assert.notInclude(answer.text, "Du bist ein Rechts-Assistent.")
    }
    assert.deepEqual(await snapshot(world.database), before)
  })
})

describe("a colleague may use what is the organisation's", () => {
  const allowed = cases.filter(({ row }) => !isRefusal(row.strangers.admin))
  test.each(allowed.map(({ route, row }) => [title(route, row), route, row] as const))("%s", async (_, route, row) => {
    const answer = await request("admin", route, row, ended)
    answersWith(answer, row.strangers.admin)
    assert.notInclude(answer.text, canary)
  })
})

/** The same requests from the one who may: without them a 404 could be one for a mistake in the matrix. */
describe("the owner is answered", () => {
  test.each(cases.map(({ route, row }) => [title(route, row), route, row] as const))("%s", async (_, route, row) => {
    answersWith(await request("member", route, row, ended), row.owner)
  })
})
