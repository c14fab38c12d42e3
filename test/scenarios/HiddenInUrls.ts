import { assert } from "vitest"
import { copyOfRecht } from "../support/Agents.ts"
import { giveServers } from "../support/AgentServers.ts"
import { type Answer, ask, json } from "../support/Ask.ts"
import { question } from "../support/Conversation.ts"
import { startMcpServer } from "../support/McpServers.ts"
import { rowsAbout } from "../support/Rows.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { say, talk } from "../support/Talk.ts"
import type { Throughline } from "../support/Throughline.ts"

const canary = "kanarie"
/** What an agent's row says, and what a member does: only the one may be in our rows, as it is in the agents'. */
const ofAgent = `${canary}-der-agenten`
const ofMember = `${canary}-des-mitglieds`

const user = (secret: string) => `service:${secret}`
const query = (secret: string) => `key=${secret}`
const hiding = (url: string, secret: string): string => `${url.replace("//", `//${user(secret)}@`)}?${query(secret)}`
const shown = (url: string): string => `${url.replace("//", "//***@")}?***`

type Server = Awaited<ReturnType<typeof startMcpServer>>

const withServer = async (play: (server: Server) => Promise<void>) => {
  const server = await startMcpServer({ tools: ["search_laws"] })
  try {
    await play(server)
  } finally {
    await server.close()
  }
}

/** What a server was asked last: with all that its URL says. */
const wasReached = ({ seen }: Server, secret: string) => {
  const last = seen.requests.at(-1)
  assert.strictEqual(last?.headers.authorization, `Basic ${btoa(user(secret))}`)
  assert.strictEqual(last?.url, `/mcp?${query(secret)}`)
  seen.requests.length = 0
}

const law = "tool:search_laws:{\"query\":\"x\"}"

const tellNothing = (answers: ReadonlyArray<Answer>) => {
  for (const { status, text } of answers) {
    assert.strictEqual(status, 200, text)
    assert.notInclude(text, canary)
  }
}

interface Shown {
  readonly assistant_id: string
  readonly config: { readonly configurable: Readonly<Record<string, unknown>> }
}

const serversIn = (url: string, name = "legal") => ({ mcp_config: { servers: [{ name, url }] } })

/** Every answer that shows an assistant, or what is known of its servers. */
const answersAbout = async (world: Throughline, id: string): Promise<ReadonlyArray<Answer>> => {
  const answers: Array<Answer> = []
  const routes: ReadonlyArray<readonly [string, object?]> = [
    [`GET /assistants/${id}`],
    ["POST /assistants/search", { limit: 1000 }],
    [`POST /assistants/${id}/versions`, {}],
    [`POST /assistants/${id}/explain`, {}],
    [`GET /assistants/${id}/schemas`],
    [`GET /assistants/${id}/graph`],
    [`GET /assistants/${id}/subgraphs`],
    ["POST /doctor", { limit: 1000, dry_run: true, agent_ids: [id] }]
  ]
  for (const [route, body] of routes) answers.push(await ask(world, "member", route, body))
  return answers
}

/** A URL's user and query are as secret as a header: written, never read back, and nowhere in plain text. */
export const hiddenInUrls = {
  "of a synced agent's server its members see where it is, and its runs get all of the URL": (world) =>
    withServer(async (server) => {
      const agent = await copyOfRecht(world)
      await giveServers(world, agent, [{ name: "legal", url: `${server.url}?key=before-${ofAgent}` }])
      await talk(world, "member", agent, [law])
      await giveServers(world, agent, [{ name: "legal", url: hiding(server.url, ofAgent) }, {
        name: "gone",
        url: hiding("http://127.0.0.1:9/mcp", ofAgent)
      }])
      const { thread_id } = await talk(world, "member", agent, [law])
      wasReached(server, ofAgent)
      const [run] = await world.client("member").runs.list(thread_id)
      const routes = [
        "/runs",
        `/runs/${run?.run_id}`,
        `/runs/${run?.run_id}/config`,
        `/runs/${run?.run_id}/record`,
        "/state"
      ]
      const answers = [
        ...await answersAbout(world, agent),
        ...await Promise.all(routes.map((route) => ask(world, "member", `GET /threads/${thread_id}${route}`)))
      ]
      tellNothing(answers)
      assert.include(answers[0]?.text, shown(server.url))
      const versions = json<ReadonlyArray<{ readonly changes: ReadonlyArray<object> }>>(answers[2] ?? { text: "[]" })
      assert.isNotEmpty(versions.flatMap(({ changes }) => changes))
      assert.hasAllKeys(await rowsAbout(world.database, ofAgent), ["assistants", "assistant_versions"])
      assert.deepEqual(world.logs.filter((line) => line.includes(canary)), [])
    }),

  "of a member's own server it is locked away, and what is read can be written back": (world) =>
    withServer(async (server) => {
      const local = server.url.replace("127.0.0.1", "localhost")
      const made = await ask(world, "member", "POST /assistants", {
        graph_id: "agent",
        config: { configurable: serversIn(hiding(local, ofMember)) }
      })
      const { assistant_id: id, config } = json<Shown>(made)
      assert.deepEqual(config.configurable, serversIn(shown(local)))
      const { thread_id } = await talk(world, "member", id, [law])
      wasReached(server, ofMember)

      const write = async (configurable: object) => {
        const answer = await ask(world, "member", `PATCH /assistants/${id}`, { config: { configurable } })
        tellNothing([answer])
        return json<Shown>(answer).config.configurable
      }
      const next = async () => {
        await say(world, "member", thread_id, id, [law])
        return server.seen.requests.at(-1)
      }
      assert.deepInclude(await write({ ...config.configurable, temperature: 0.5 }), serversIn(shown(local)))
      await next()
      wasReached(server, ofMember)
      await say(world, "member", thread_id, id, [law], { config: { configurable: { ...config.configurable } } })
      wasReached(server, ofMember)
      tellNothing([made, ...await answersAbout(world, id)])
      assert.deepEqual(await rowsAbout(world.database, ofMember), {})

      assert.deepEqual(
        await write(serversIn(`${shown(local).replace("?***", "")}`)),
        serversIn(shown(local).replace("?***", ""))
      )
      assert.deepInclude(await next(), { url: "/mcp" })
      assert.strictEqual(server.seen.requests.at(-1)?.headers.authorization, `Basic ${btoa(user(ofMember))}`)

      const elsewhere = await startMcpServer({ tools: ["search_laws"] })
      const other = elsewhere.url.replace("127.0.0.1", "localhost")
      assert.deepEqual(await write(serversIn(shown(other))), serversIn(other), "nothing goes anywhere else")
      await say(world, "member", thread_id, id, [law])
      assert.isUndefined(elsewhere.seen.requests.at(-1)?.headers.authorization)
      await elsewhere.close()

      tellNothing([await ask(world, "member", `POST /assistants/${id}/latest`, { version: 1 })])
      server.seen.requests.length = 0
      await next()
      wasReached(server, ofMember)
      await world.client("member").assistants.delete(id)
    }),

  "that comes with a run is that run's, and in no row; a cron keeps it locked": (world) =>
    withServer(async (server) => {
      const local = server.url.replace("127.0.0.1", "localhost")
      const base_url = hiding("http://localhost:9", ofMember)
      const configurable = serversIn(hiding(local, ofMember))
      const { thread_id } = await talk(world, "member", "agent", [law], { config: { configurable } })
      wasReached(server, ofMember)
      await ask(world, "member", `POST /threads/${thread_id}/runs/wait`, {
        assistant_id: "agent",
        input: question("say:eins"),
        config: { configurable: { ...configurable, base_url, custom_api_key: "key-1", rag_config: { at: [base_url] } } }
      })
      const cron = await ask(world, "member", "POST /runs/crons", {
        assistant_id: "agent",
        schedule: "0 0 1 1 *",
        config: { configurable }
      })
      const explained = await ask(world, "member", "POST /assistants/agent/explain", { config: { configurable } })
      const runs = await ask(world, "member", `GET /threads/${thread_id}/runs`)
      tellNothing([cron, explained, runs])
      for (const { text } of [cron, explained, runs]) assert.include(text, shown(local))
      assert.deepEqual(await rowsAbout(world.database, ofMember), {})
      assert.deepEqual(world.logs.filter((line) => line.includes(canary)), [])
      await world.client("member").crons.delete(json<{ readonly cron_id: string }>(cron).cron_id)
    })
} satisfies Scenarios
