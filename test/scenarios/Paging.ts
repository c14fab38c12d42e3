import { assert } from "vitest"
import { people } from "../../src/adapters/demo/World.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"
import { post } from "../support/Wire.ts"

const marked = { paging: true }

/** All of one moment: what sorts by time alone has 25 equals. */
const insertThreads = ({ database }: Throughline, owner: string) =>
  database.query(
    `insert into langgraph_server.threads (id, owner_id, metadata)
     select gen_random_uuid(), $1, $2 from generate_series(1, 25)`,
    [owner, marked]
  )

const insertAssistants = ({ database }: Throughline, owner: string) =>
  database.query(
    `insert into langgraph_server.assistants (id, graph_id, name, config, context, metadata, source, owner_id)
     select gen_random_uuid()::text, 'agent', 'Gleich', '{}', '{}', $2, 'member', $1 from generate_series(1, 25)`,
    [owner, marked]
  )

/** Every page as its headers lead from one to the next. */
const allPages = async (world: Throughline, path: string, query: object, key: string) => {
  const ids: Array<string> = []
  const sizes: Array<number> = []
  let offset = 0
  for (;;) {
    const response = await world.fetch("member", path, post({ metadata: marked, ...query, offset }))
    assert.strictEqual(response.headers.get("x-pagination-total"), "25")
    const items: ReadonlyArray<Record<string, string>> = Object(await response.json())
    sizes.push(items.length)
    ids.push(...items.map((item) => item[key] ?? ""))
    const next = response.headers.get("x-pagination-next")
    if (next === null) return { ids, sizes }
    assert.strictEqual(Number(next), offset + items.length)
    offset = Number(next)
  }
}

const sortings = {
  "/threads/search": { key: "thread_id", by: ["thread_id", "status", "created_at", "updated_at", "state_updated_at"] },
  "/assistants/search": { key: "assistant_id", by: ["assistant_id", "graph_id", "name", "created_at", "updated_at"] }
} as const

/** Pages lose nothing and show nothing twice (field failure 37). */
export const paging: Scenarios = {
  "equals in every order come once each, page by page": async (world) => {
    for (const insert of [insertThreads, insertAssistants]) {
      await insert(world, people.member)
      await insert(world, people.otherOrganisation)
    }
    for (const [path, { by, key }] of Object.entries(sortings)) {
      const seen = new Set<string>()
      for (const sort_by of [undefined, ...by]) {
        for (const sort_order of ["asc", "desc"]) {
          const { ids, sizes } = await allPages(world, path, { limit: 4, sort_by, sort_order, select: [key] }, key)
          assert.lengthOf(new Set(ids), 25, `${path} by ${sort_by} ${sort_order}`)
          assert.deepEqual(sizes, [4, 4, 4, 4, 4, 4, 1])
          for (const id of ids) seen.add(id)
        }
      }
      assert.lengthOf(seen, 25, "the other organisation's are not among them")
    }
  },

  "the last page, a full one and one beyond say that nothing follows": async (world) => {
    for (const path of Object.keys(sortings)) {
      const page = async (query: object) => {
        const response = await world.fetch("member", path, post({ metadata: marked, ...query }))
        const items: ReadonlyArray<object> = Object(await response.json())
        return [items.length, response.headers.get("x-pagination-total"), response.headers.get("x-pagination-next")]
      }
      assert.deepEqual(await page({ limit: 25 }), [25, "25", null])
      assert.deepEqual(await page({ limit: 5, offset: 20 }), [5, "25", null])
      assert.deepEqual(await page({ limit: 24 }), [24, "25", "24"])
      assert.deepEqual(await page({ offset: 25 }), [0, "25", null])
      assert.deepEqual(await page({ offset: 1000 }), [0, "25", null])
      assert.deepEqual(await page({}), [10, "25", "10"])
    }
  },

  "counts agree with the pages": async (world) => {
    const { assistants, threads } = world.client("member")
    assert.strictEqual(await threads.count({ metadata: marked }), 25)
    assert.strictEqual(await assistants.count({ metadata: marked }), 25)
    assert.strictEqual(await world.client("noOrganisation").threads.count({ metadata: marked }), 0)
  }
}
