import { Client } from "@langchain/langgraph-sdk"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, test } from "vitest"
import { said } from "../support/Conversation.ts"
import { assertGapless, assertOnceEach, attemptsIn, begin, reading } from "../support/ReplicaRuns.ts"
import { type ScriptedModel, startScriptedModel } from "../support/ScriptedModel.ts"
import { type ServerProcess, startServer } from "../support/ServerProcesses.ts"
import { until } from "../support/Throughline.ts"

let folder: string
let model: ScriptedModel
const servers: Array<ServerProcess> = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "throughline-embedded-"))
  model = await startScriptedModel()
})
afterAll(async () => {
  // An orderly stop takes the database along.
  for (const server of servers) server.kill("SIGTERM")
  await Promise.all(servers.map(({ ended }) => ended))
  await model.close()
  await rm(folder, { recursive: true, maxRetries: 5, retryDelay: 200 })
})

const start = async () => {
  const server = startServer({
    DATA_DIRECTORY: folder,
    OPENAI_API_KEY: "sk-scripted",
    OPENAI_BASE_URL: model.url,
    RUN_HEARTBEAT_SECONDS: "10",
    SHUTDOWN_TIMEOUT_SECONDS: "2"
  })
  servers.push(server)
  const apiUrl = await server.ready()
  const [, token = ""] = await server.printed(/Kanzlei Nord: *(eyJ[\w.-]+)/)
  const client = new Client({ apiUrl, apiKey: null, defaultHeaders: { authorization: `Bearer ${token}` } })
  return { server, client }
}

const asked = (text: string) => model.requests.filter(({ body }) => JSON.stringify(body).includes(text))

test("a run whose only server was killed, with its database, ends by itself after the next start", async () => {
  const first = await start()
  const marker = crypto.randomUUID()
  const run = await begin(
    first.client,
    `steps:tool:get_paragraph:{"law":"BGB","paragraph":"535"} | slow:8000:eins zwei drei vier ${marker}`
  )
  const reader = reading(first.client, run)
  await until("it is in its second step", () => asked(marker).length === 2)
  await until("it is read", () => reader.frames.length > 2)
  first.server.kill("SIGKILL")
  await first.server.ended

  const second = await start()
  const again = performance.now()
  await until(
    "it has ended",
    async () => (await second.client.runs.get(run.thread_id, run.run_id)).status === "success",
    120_000
  )
  console.log(
    `killed with its database, the run had ended ${Math.round(performance.now() - again)} ms after the restart`
  )
  const frames = await reading(second.client, run).ended
  assertGapless(frames)
  assert.deepEqual(attemptsIn(frames), [1, 2])
  const { values } = await second.client.threads.getState(run.thread_id)
  assertOnceEach(values)
  assert.lengthOf(said(values), 4)
  assert.strictEqual(said(values).at(-1), `ai: eins zwei drei vier ${marker}`)
  assert.lengthOf(asked(marker), 3, "the step that was done is not done again")
  assert.strictEqual((await second.client.threads.get(run.thread_id)).status, "idle")
}, 400_000)
