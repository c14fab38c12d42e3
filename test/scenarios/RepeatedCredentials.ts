import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { failureOf, question } from "../support/Conversation.ts"
import { rowsAbout } from "../support/Rows.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { talk } from "../support/Talk.ts"
import { startMcpTellTale, startStreamingTellTale, tellTaleTools } from "../support/TellTales.ts"
import type { Throughline } from "../support/Throughline.ts"

/** In no row (bytes are shown in hex), no log line and no request to the model. */
const isNowhere = async ({ database, logs, model }: Throughline, credential: string) => {
  assert.deepEqual(await rowsAbout(database, credential), {})
  assert.deepEqual(await rowsAbout(database, Buffer.from(credential).toString("hex")), {})
  assert.deepEqual(logs.filter((line) => line.includes(credential)), [])
  assert.notInclude(JSON.stringify(model.requests.map(({ body }) => body)), credential)
}

/** Whoever gets a credential may say it again. LangGraph writes down what a task failed with, and what a tool answered. */
export const repeatedCredentials = {
  "a tool that repeats its caller's token tells it neither the model nor the history": async (world) => {
    const server = await startMcpTellTale()
    try {
      await world.database.query(
        "update public.mcp_tools set endpoint_url = $1, auth_required = true where tool_name = 'legal-mcp'",
        [server.origin]
      )
      const [, , signature = ""] = world.token("member").split(".")
      const { said } = await talk(world, "member", agents.recht, tellTaleTools.map((name) => `tool:${name}:{}`))
      assert.lengthOf(
        said.filter((line) => line.startsWith("tool:") && line.includes("Bearer [redacted]")),
        4,
        `${said}`
      )
      assert.notInclude(said.join("\n"), signature)
      await isNowhere(world, signature)
    } finally {
      await server.close()
    }
  },

  "a stream that breaks with the key in its error leaves it nowhere": async (world) => {
    const provider = await startStreamingTellTale()
    try {
      const key = "canary key of a stream"
      const base_url = `${provider.origin.replace("127.0.0.1", "localhost")}/v1`
      const { runs, threads } = world.client("member")
      const { thread_id } = await threads.create()
      const frames: Array<string> = []
      for await (
        const frame of runs.stream(thread_id, "agent", {
          input: question("say:eins"),
          streamMode: "messages-tuple",
          config: { configurable: { base_url, custom_api_key: key } }
        })
      ) frames.push(JSON.stringify(frame))
      assert.include(frames.at(-1), "rejected: Bearer [redacted]")
      await isNowhere(world, key)
    } finally {
      await provider.close()
    }
  },

  "a key that no header can carry is not quoted": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    const answer = await runs.wait(thread_id, "agent", {
      input: question("say:eins"),
      config: { configurable: { custom_api_key: "first line\ncanary on the second" } },
      raiseError: false
    })
    assert.notInclude(failureOf(answer).message, "canary")
    await isNowhere(world, "canary on the second")
  }
} satisfies Scenarios
