import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { ask, json } from "../support/Ask.ts"
import { question } from "../support/Conversation.ts"
import type { EchoingProvider } from "../support/EchoingProvider.ts"
import { startMcpServer } from "../support/McpServers.ts"
import type { Scenario } from "../support/Scenarios.ts"
import { allTables } from "../support/Snapshot.ts"
import type { Throughline } from "../support/Throughline.ts"
import { allowLocalhost } from "./CallersEndpoints.ts"

/** Nothing about them looks like a secret, so that nobody is saved by a pattern. */
const secrets = {
  customKey: "canary custom key 1",
  runKey: "canary key of a run 2",
  providerKeys: "canary in apiKeys 3",
  mcpHeader: "canary mcp header 4",
  apiKeyHeader: "canary x-api-key 5",
  accessTokenHeader: "canary access token 6",
  // Without spaces, which a URL would write otherwise.
  urlUser: "canary-user-of-a-url-9",
  urlQuery: "canary-query-of-a-url-10"
}

const serverKeys = { OPENAI_API_KEY: "canary openai server key 7", ANTHROPIC_API_KEY: "canary anthropic key 8" }

/** The world in which it happens: one of its providers tells everything it is told. */
export const tellTale = ({ url }: EchoingProvider) => ({ ...serverKeys, ...allowLocalhost, ANTHROPIC_BASE_URL: url })

/** What must be found, or the search would prove nothing. */
const marker = "Sichtmarke"

/** Every value of every column of every table there is, as text; bytes in both readings of them. */
const everything = async ({ database }: Throughline): Promise<ReadonlyMap<string, string>> => {
  const tables = new Map<string, string>()
  for (const table of await allTables(database)) {
    const texts: Array<string> = []
    const { rows } = await database.query<Record<string, unknown>>(`select * from ${table}`)
    for (const value of rows.flatMap((row) => Object.values(row))) {
      if (Buffer.isBuffer(value)) texts.push(value.toString("utf8"), value.toString("latin1"))
      else texts.push(typeof value === "string" ? value : JSON.stringify(value) ?? "")
    }
    tables.set(table, texts.join("\n"))
  }
  return tables
}

/** A secret as it is, and as bytes are often written. */
const spellings = (
  secret: string
) => [
  secret,
  ...(["base64", "base64url", "hex"] as const).map((as) => Buffer.from(secret).toString(as).replace(/=+$/, ""))
]

const hiding = (url: string) => `${url.replace("//", `//ann:${secrets.urlUser}@`)}?key=${secrets.urlQuery}`

const headers = {
  "x-api-key": secrets.apiKeyHeader,
  "x-supabase-access-token": secrets.accessTokenHeader,
  "x-tone": marker
}

/** Everything that a run can come to, with secrets wherever they can be. */
const play = async (world: Throughline, echo: EchoingProvider): Promise<ReadonlyArray<string>> => {
  const strict = await startMcpServer({ token: "another one" })
  const local = (url: string) => url.replace("127.0.0.1", "localhost")
  const bodies: Array<string> = []
  const send = async (route: string, body?: unknown) => {
    const answer = await ask(world, "member", route, body, headers)
    bodies.push(answer.text, JSON.stringify([...answer.headers]))
    return answer
  }
  const make = async (configurable: object) => {
    const { text } = await send("POST /assistants", { graph_id: "agent", name: marker, config: { configurable } })
    return json<{ readonly assistant_id: string }>({ text }).assistant_id
  }
  /** Two messages and all there is to read of them, by way of a stream and of waiting. */
  const converse = async (
    assistant: string,
    texts: ReadonlyArray<string>,
    configurable: object = {},
    more: object = {}
  ) => {
    const { thread_id } = await world.client("member").threads.create({ metadata: { marker } })
    for (const [index, text] of texts.entries()) {
      const run = {
        assistant_id: assistant,
        input: question(text),
        config: { configurable },
        stream_mode: ["values", "updates", "messages-tuple"],
        ...more
      }
      await send(`POST /threads/${thread_id}/runs/${index % 2 === 0 ? "stream" : "wait"}`, run)
    }
    for (const { run_id } of await world.client("member").runs.list(thread_id)) {
      for (const rest of ["", "/config", "/record", "/join", "/stream"]) {
        await send(`GET /threads/${thread_id}/runs/${run_id}${rest}`)
      }
    }
    for (const rest of ["", "/state", "/history", "/runs"]) await send(`GET /threads/${thread_id}${rest}`)
  }
  try {
    // dokumente wants the caller's token for a server that is dead; recht has one that lives.
    for (const assistant of [agents.recht, agents.dokumente]) {
      await converse(assistant, [`say:${marker}`, "tool:search_laws:{\"query\":\"x\"}", "fail:400"], {
        custom_api_key: secrets.runKey
      })
    }
    await world.database.query("update public.mcp_tools set endpoint_url = $1 where tool_name = 'document-mcp'", [
      strict.url
    ])
    await converse(agents.dokumente, [`say:${marker}`, "say:zwei"])
    await world.database.query("update public.mcp_tools set endpoint_url = $1 where tool_name = 'document-mcp'", [
      echo.url
    ])
    await converse(agents.dokumente, [`say:${marker}`, "say:zwei"])

    const keys = { custom_api_key: secrets.customKey, apiKeys: { ANTHROPIC_API_KEY: secrets.providerKeys } }
    const mcp = (url: string) => ({
      mcp_config: {
        servers: [{
          name: "mine",
          url,
          headers: { "X-Secret": secrets.mcpHeader, Authorization: secrets.mcpHeader },
          auth_required: true
        }]
      }
    })
    const own = await make({ ...keys, ...mcp(local(world.legal.url)) })
    await converse(own, ["tool:search_laws:{\"query\":\"x\"}", `say:${marker}`])
    const echoing = await make({ ...keys, ...mcp(local(echo.url)), base_url: `${local(echo.url)}/v1` })
    await converse(echoing, ["say:eins", "say:zwei"])
    await converse(echoing, ["say:eins", "say:zwei"], {
      model_name: "anthropic:claude-sonnet-4-5",
      base_url: local(echo.url)
    })
    await converse(await make({ apiKeys: keys.apiKeys }), ["say:eins", "say:zwei"], {
      model_name: "anthropic:claude-sonnet-4-5"
    })
    await converse("agent", ["say:eins", "say:zwei"], {
      custom_api_key: { not: secrets.runKey },
      apiKeys: [secrets.providerKeys]
    })
    await converse("agent", ["say:eins", "say:zwei"], {
      model_name: "anthropic:claude-sonnet-4-5",
      custom_api_key: null
    })
    await converse(own, ["tool:search_laws:{\"query\":\"x\"}"], {}, { interrupt_before: ["tools"] })
    const named = (url: string) => ({ mcp_config: { servers: [{ name: "hidden", url }] } })
    const hidden = await make(named(hiding(local(world.legal.url))))
    await converse(hidden, ["tool:search_laws:{\"query\":\"x\"}", `say:${marker}`])
    for (const url of [world.legal.url, echo.url]) {
      await converse("agent", ["tool:search_laws:{\"query\":\"x\"}", "say:zwei"], named(hiding(local(url))))
    }
    // No client takes such a URL; it may quote it, saying so.
    await converse("agent", ["say:eins", "say:zwei"], {
      custom_api_key: secrets.runKey,
      base_url: hiding(`${local(echo.url)}/v1`)
    })
    await send(`POST /assistants/${hidden}/explain`, { config: { configurable: named(hiding(local(echo.url))) } })
    await send("POST /runs/crons", {
      assistant_id: hidden,
      schedule: "0 0 1 1 *",
      config: { configurable: named(hiding(local(echo.url))) }
    })
    for (
      const route of [
        `GET /assistants/${own}`,
        `GET /assistants/${hidden}`,
        `POST /assistants/${hidden}/versions`,
        "POST /runs/crons/search",
        `POST /assistants/${own}/versions`,
        "POST /assistants/search",
        "POST /threads/search",
        "POST /runs/search"
      ]
    ) {
      await send(route, route.startsWith("POST") ? {} : undefined)
    }
    await send(`PATCH /assistants/${own}`, {
      config: { configurable: { custom_api_key: secrets.customKey, temperature: "hot" } }
    })
    await send("POST /assistants", {
      graph_id: "agent",
      config: { configurable: { apiKeys: secrets.providerKeys }, recursion_limit: "x" }
    })
    bodies.push(
      (await ask(world, undefined, "GET /info", undefined, { authorization: `Bearer ${world.token("member")}x` })).text
    )
    bodies.push(
      (await ask(world, undefined, "POST /threads", {}, { authorization: `Bearer ${world.token("member")}x` })).text
    )
    bodies.push((await ask(world, undefined, "GET /metrics")).text)
    // One that still waits has its job, and its secrets in the server's memory.
    const later = { assistant_id: own, input: question("say:später"), after_seconds: 3_600 }
    await send("POST /runs", { ...later, config: { configurable: { custom_api_key: secrets.runKey } } })
    assert.isTrue(echo.seen.some((text) => text.includes(secrets.customKey)), "the provider could have told")
    assert.isTrue(
      echo.seen.some((text) => text.includes(Buffer.from(`ann:${secrets.urlUser}`).toString("base64"))),
      "a server of a user in its URL"
    )
    assert.isTrue(echo.seen.some((text) => text.includes(serverKeys.ANTHROPIC_API_KEY)), "of the server's key too")
    return bodies
  } finally {
    await strict.close()
  }
}

/** Field failure 18: a credential is in no row, no log line and no answer. */
export const noCredentialAnywhere = (echo: EchoingProvider): Scenario => async (world) => {
  const bodies = await play(world, echo)
  const tables = await everything(world)
  for (const table of ["runs", "run_events", "checkpoint_blobs"]) {
    assert.include(tables.get(`langgraph_server.${table}`), marker, `there is something to find in ${table}`)
  }
  const told = await world.database.query(
    `select from langgraph_server.runs where jsonb_path_exists(steps, '$.*.steps[*].error ? (@ like_regex "redacted")')`
  )
  assert.isAbove(told.rowCount ?? 0, 0, "and in the records of what their steps failed with")
  const { rows } = await world.database.query<{ id: string }>(
    "select id from langgraph_server.runs where status = 'pending'"
  )
  assert.lengthOf(rows, 1)
  assert.include(tables.get("langgraph_queue.job"), rows[0]?.id, "and among the jobs")
  const database = [...tables.values()].join("\n")
  const places = { database, logs: world.logs.join("\n"), answers: bodies.join("\n") }
  const [, , signature = ""] = world.token("member").split(".")
  const credentials = [...Object.values(secrets), ...Object.values(serverKeys), signature, world.secret]
  for (const [place, text] of Object.entries(places)) {
    assert.include(text, place === "logs" ? "graph() invoked" : marker, `there is something to find in the ${place}`)
    for (const credential of credentials.flatMap(spellings)) {
      const at = text.indexOf(credential)
      assert.strictEqual(at, -1, `in the ${place}: …${text.slice(Math.max(0, at - 120), at + 80)}…`)
    }
  }
}
