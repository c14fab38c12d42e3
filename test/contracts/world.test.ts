import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Client } from "pg"
import { agents } from "../../src/adapters/demo/World.ts"
import { consumerWorld } from "../support/TestDatabase.ts"

const rows = (url: Redacted.Redacted<string>, sql: string) =>
  Effect.promise(async () => {
    const client = new Client({ connectionString: Redacted.value(url) })
    await client.connect()
    return client.query(sql).then(({ rows }) => rows).finally(() => client.end())
  })

describe("the consumer's world", () => {
  it.live("has the agents of Session 72 in its first generation", () =>
    Effect.gen(function*() {
      const url = yield* consumerWorld({ generation: "v1", legalMcpUrl: "http://127.0.0.1:1/mcp" })
      assert.deepStrictEqual(yield* rows(url, "select id, temperature, max_tokens from public.agents order by id"), [
        { id: agents.dokumente, temperature: null, max_tokens: null },
        { id: agents.recht, temperature: 0.3, max_tokens: 2000 },
        { id: agents.wartung, temperature: 0.3, max_tokens: null },
        { id: agents.allgemein, temperature: null, max_tokens: null }
      ])
      assert.deepStrictEqual(yield* rows(url, "select tool_name, endpoint_url from public.mcp_tools order by 1"), [
        { tool_name: "document-mcp", endpoint_url: "http://document-mcp:8000/mcp" },
        { tool_name: "legal-mcp", endpoint_url: "http://127.0.0.1:1/mcp" }
      ])
    }))

  it.live("keeps their settings in its second, and can have another organisation's agent", () =>
    Effect.gen(function*() {
      const url = yield* consumerWorld({ generation: "v2", secondOrganisation: true })
      assert.deepStrictEqual(yield* rows(url, "select id, sampling_params, is_global from public.agents order by id"), [
        { id: agents.dokumente, sampling_params: {}, is_global: true },
        { id: agents.recht, sampling_params: { temperature: 0.3, max_tokens: 2000 }, is_global: true },
        { id: agents.wartung, sampling_params: { temperature: 0.3 }, is_global: true },
        { id: agents.allgemein, sampling_params: {}, is_global: true },
        { id: agents.expose, sampling_params: { temperature: 0.6, max_tokens: 1200 }, is_global: true }
      ])
    }))
})
