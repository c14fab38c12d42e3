import { at, has, holds, listOf, refused, same } from "../Expect.ts"
import { differs, group } from "../Row.ts"
import type { World } from "../World.ts"
import { full } from "./FullAssistant.ts"
import { nobody } from "./Turns.ts"

/** The graph's name in UUIDv5: what every client of the reference knows as its default assistant. */
const defaultAgent = "fe096781-5601-53d2-b2f6-0d3403f7e9ca"

const idsOf = (assistants: ReadonlyArray<{ readonly assistant_id: string }>) =>
  assistants.map(({ assistant_id }) => assistant_id)

/** Some with a mark of their own, so that searches can tell them from others'. */
const several = async ({ client }: World, mark: string, names: ReadonlyArray<string>) => {
  const made: Array<string> = []
  for (const name of names) {
    made.push((await client.assistants.create({ graphId: "echo", metadata: { mark }, name })).assistant_id)
  }
  return made
}

export const assistants = group("assistants", {
  "create keeps everything it is given": async ({ client, unique }) => {
    const mark = unique(), assistantId = unique()
    const made = await client.assistants.create({ ...full(mark), assistantId })
    has("assistant", made, {
      assistant_id: assistantId,
      graph_id: "agent",
      version: 1,
      context: { tenant: "acme" },
      name: "Rechts-Assistent",
      description: "Kennt das Recht"
    })
    same("config.configurable", made.config.configurable, full(mark).config.configurable)
    same("config.recursion_limit", made.config.recursion_limit, 30)
    same("config.tags", made.config.tags, ["t1"])
    same("metadata.mark", at(made, "metadata", "mark"), mark)
    same("get", await client.assistants.get(assistantId), made)
  },

  "create without an id makes one": async ({ client }) => {
    const made = await client.assistants.create({ graphId: "echo" })
    has("assistant", made, { version: 1, graph_id: "echo", config: {}, context: {}, name: "Untitled" })
    holds("the id is a UUID", /^[0-9a-f-]{36}$/.test(made.assistant_id), made.assistant_id)
  },

  "create takes keys it does not know": async ({ answers, unique }) => {
    await answers(200, "/assistants", { body: { graph_id: "echo", assistant_id: unique(), of_tomorrow: { a: 1 } } })
  },

  "create with an id that exists is refused": async ({ client, unique }) => {
    const assistantId = unique()
    await client.assistants.create({ graphId: "echo", assistantId })
    await refused(client.assistants.create({ graphId: "echo", assistantId }), 409)
  },

  "create with if_exists do_nothing answers with the one there is": async ({ client, unique }) => {
    const assistantId = unique()
    const made = await client.assistants.create({ graphId: "echo", assistantId, name: "first" })
    const again = await client.assistants.create({
      graphId: "agent",
      assistantId,
      name: "second",
      ifExists: "do_nothing"
    })
    same("the second", again, made)
  },

  "create of an unknown graph is refused": differs(
    "An assistant that can never run is a mistake to be told at once, not at its first run.",
    async ({ answers }) => {
      await answers(422, "/assistants", { body: { graph_id: "no-such-graph" } })
    }
  ),

  "get by a graph's name is that graph's default assistant": async ({ client }) => {
    const found = await client.assistants.get("agent")
    has("assistant", found, { assistant_id: defaultAgent, graph_id: "agent" })
    same("by id", (await client.assistants.get(defaultAgent)).assistant_id, defaultAgent)
  },

  "get of an unknown one is 404": async ({ client }) => {
    await refused(client.assistants.get(nobody), 404)
    await refused(client.assistants.get("whatever"), 404)
  },

  "search finds by graph, metadata and a part of the name": async (world) => {
    const { client, unique } = world
    const mark = unique()
    const [, second = ""] = await several(world, mark, [`A ${mark} eins`, `A ${mark} Zwei`])
    same("by metadata", (await client.assistants.search({ metadata: { mark } })).length, 2)
    same("by graph too", (await client.assistants.search({ metadata: { mark }, graphId: "agent" })).length, 0)
    same("by name", idsOf(await client.assistants.search({ metadata: { mark }, name: `${mark} zwei` })), [second])
    same("by a mark nobody has", await client.assistants.search({ metadata: { mark: "nobody's" } }), [])
  },

  "search puts the newest first, page by page": async (world) => {
    const { client, unique } = world
    const mark = unique()
    await several(world, mark, ["1", "2", "3"])
    const names = async (query: object) =>
      (await client.assistants.search({ metadata: { mark }, ...query })).map(({ name }) => name)
    same("all", await names({}), ["3", "2", "1"])
    same("the second page", await names({ limit: 1, offset: 1 }), ["2"])
  },

  "search sorts as asked": differs(
    "The SDK's `sortBy` and `sortOrder`; the reference takes them and sorts by creation.",
    async (world) => {
      const { client, unique } = world
      const mark = unique()
      await several(world, mark, ["c", "a", "b"])
      const by = async (query: object) =>
        (await client.assistants.search({ metadata: { mark }, ...query })).map(({ name }) => name)
      same("by name", await by({ sortBy: "name", sortOrder: "asc" }), ["a", "b", "c"])
      same("by name, descending", await by({ sortBy: "name", sortOrder: "desc" }), ["c", "b", "a"])
      same("oldest first", await by({ sortBy: "created_at", sortOrder: "asc" }), ["c", "a", "b"])
    }
  ),

  "search selects the keys asked for": async (world) => {
    const { client, unique } = world
    const mark = unique()
    const [assistant_id] = await several(world, mark, ["one"])
    const found = await client.assistants.search({ metadata: { mark }, select: ["assistant_id", "name"] })
    same("selected", found, [{ assistant_id, name: "one" }])
  },

  "search tells where the next page starts, and on the last that there is none": differs(
    "`X-Pagination-Total` is how many there are, and `X-Pagination-Next` is absent after the last page: "
      + "whoever follows it comes to an end.",
    async (world) => {
      const { answers, client, unique } = world
      const mark = unique()
      await several(world, mark, ["1", "2", "3"])
      const page = (limit: number, offset: number) =>
        client.assistants.search({ metadata: { mark }, limit, offset, includePagination: true })
      same("next after two of three", (await page(2, 0)).next, "2")
      same("next after all", (await page(2, 2)).next, null)
      same("next after a full last page", (await page(3, 0)).next, null)
      const first = await answers(200, "/assistants/search", { body: { metadata: { mark }, limit: 1 } })
      same("x-pagination-total", first.headers.get("x-pagination-total"), "3")
    }
  ),

  "count counts what search finds": async (world) => {
    const { client, unique } = world
    const mark = unique()
    await several(world, mark, ["x", "y"])
    same("by metadata", await client.assistants.count({ metadata: { mark } }), 2)
    same("by name", await client.assistants.count({ metadata: { mark }, name: "x" }), 1)
    same("by another graph", await client.assistants.count({ metadata: { mark }, graphId: "agent" }), 0)
  },

  "search answers with a list of whole assistants": async (world) => {
    const mark = world.unique()
    await several(world, mark, ["one"])
    const [found] = listOf("found", await world.client.assistants.search({ metadata: { mark } }))
    for (
      const key of ["assistant_id", "graph_id", "config", "context", "metadata", "version", "created_at", "updated_at"]
    ) {
      holds(`it has ${key}`, at(found, key) !== undefined)
    }
  }
})
