import { assert } from "vitest"
import { listen, readBody } from "../../src/adapters/demo/Loopback.ts"
import type { Scenarios } from "../support/Scenarios.ts"

/** Whatever a tracer sends, taken for LangSmith; its variables are LangChain's own, and read when a run begins. */
const startTracing = async () => {
  const sent: Array<string> = []
  const { close, origin } = await listen((request, response) => {
    void readBody(request).then((body) => {
      sent.push(body)
      const info = { version: "0.1", batch_ingest_config: { use_multipart_endpoint: false } }
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(info))
    })
  })
  const variables = { LANGSMITH_TRACING: "true", LANGSMITH_API_KEY: "none", LANGSMITH_ENDPOINT: origin }
  Object.assign(process.env, variables)
  return {
    sent,
    stop: async () => {
      for (const name of Object.keys(variables)) delete process.env[name]
      await close()
    }
  }
}

/** An operator may have LangChain trace their own graphs. */
export const tracedRuns = {
  "a tracer of LangChain's is told of a run, and of none of its secrets": async (world) => {
    const tracing = await startTracing()
    try {
      const { runs, threads } = world.client("member")
      const { thread_id } = await threads.create()
      const configurable = {
        tone: "warm",
        custom_api_key: "canary key",
        base_url: "https://someone:canary-password@llm.example.com/v1",
        apiKeys: { OPENAI_API_KEY: "canary provider key" }
      }
      const values = await runs.wait(thread_id, "secretive", { input: { ms: 0 }, config: { configurable } })
      assert.propertyVal(values, "secret", configurable.custom_api_key.length, "the graph itself gets it")
      const told = await world.until(
        "the trace",
        () => tracing.sent.join("\n").includes("warm") && tracing.sent.join("\n")
      )
      assert.include(told, "https://***@llm.example.com/v1")
      assert.notInclude(told, "canary")
    } finally {
      await tracing.stop()
    }
  }
} satisfies Scenarios
