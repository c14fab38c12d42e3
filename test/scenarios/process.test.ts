import { Effect, Redacted } from "effect"
import { afterAll, assert, beforeAll, describe, test } from "vitest"
import { mintToken } from "../../src/adapters/demo/DemoTokens.ts"
import { listen, readBody } from "../../src/adapters/demo/Loopback.ts"
import { agents, people } from "../../src/adapters/demo/World.ts"
import { question, said } from "../support/Conversation.ts"
import { allFrames, framesOf, nextFrame } from "../support/Events.ts"
import { descendants, portIsFree, type ServerProcess, startServer } from "../support/ServerProcesses.ts"
import { openSurroundings, until } from "../support/Throughline.ts"

const secrets = {
  openai: "sk-provider-canary-123456",
  sealing: "c2VhbGluZy1jYW5hcnktc2VhbGluZy1jYW5hcnktMTI",
  database: "db-canary"
}

describe("the server as a process, with a database", () => {
  let around: Awaited<ReturnType<typeof openSurroundings>>
  let token: string
  const started: Array<ServerProcess> = []
  beforeAll(async () => {
    around = await openSurroundings()
    token = Redacted.value(await Effect.runPromise(mintToken({ secret: around.secret, userId: people.member })))
  })
  afterAll(async () => {
    for (const server of started) server.kill("SIGKILL")
    await around.stop()
  })

  const start = (env: Readonly<Record<string, string>> = {}) => {
    const database = new URL(Redacted.value(around.databaseUrl))
    if (database.password === "") database.password = secrets.database
    const server = startServer({
      DATABASE_URL: database.href,
      SUPABASE_JWT_SECRET: Redacted.value(around.secret),
      SECRETS_KEY: secrets.sealing,
      AGENT_SYNC_SCOPE: "all",
      OPENAI_API_KEY: secrets.openai,
      OPENAI_BASE_URL: around.model.url,
      LOG_LEVEL: "debug",
      ...env
    })
    started.push(server)
    return server
  }

  const ask = (url: string, text: string, path = "/runs/stream", more: object = {}) =>
    fetch(`${url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ assistant_id: agents.recht, input: question(text), ...more })
    })

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`${signal} lets a stream come to its end, then ends with 0 and leaves nothing`, async () => {
      const server = start()
      const url = await server.ready()
      const response = await ask(url, "slow:1000:bis zum letzten Wort", "/runs/stream", {
        stream_mode: ["values", "messages-tuple"]
      })
      const frames = framesOf(response)
      await nextFrame(frames, "messages")
      const children = await descendants(server.pid)
      server.kill(signal)
      let last: unknown
      for await (const { data, event } of frames) if (event === "values") last = data
      assert.strictEqual(said(last).at(-1), "ai: bis zum letzten Wort")
      const { code, stderr, stdout } = await server.ended
      assert.strictEqual(code, 0, stderr)
      assert.include(stdout, "\"Stopped\"")
      assert.deepEqual(children, [], "with a database it starts no process")
      assert.isTrue(await portIsFree(url))
      // Postgres takes a moment to see that whoever was there is gone.
      await until("its connections are closed", async () => {
        const { rows } = await around.database.query(
          "select 1 from pg_stat_activity where datname = current_database() and application_name like 'throughline%'"
        )
        return rows.length === 0
      })
    })
  }

  test("a run that outlasts the patience of the stop is handed back, and goes on in the next server", async () => {
    const server = start({ SHUTDOWN_TIMEOUT_SECONDS: "1" })
    const url = await server.ready()
    const thread = crypto.randomUUID()
    const response = await ask(url, "slow:90000:zu lang", `/threads/${thread}/runs/stream`, { if_not_exists: "create" })
    const frames = framesOf(response)
    await nextFrame(frames, "values")
    server.kill("SIGTERM")
    assert.strictEqual((await server.ended).code, 0)
    const { rows } = await around.database.query(
      `select r.status, r.lost, r.failure, t.status as thread
       from langgraph_server.runs r
       join langgraph_server.threads t on t.id = r.thread_id
       where t.id = $1`,
      [thread]
    )
    assert.deepEqual(rows, [{ status: "pending", lost: 0, failure: null, thread: "busy" }])
    const asked = () => around.model.requests.filter(({ body }) => JSON.stringify(body).includes("zu lang")).length
    assert.strictEqual(asked(), 1)
    const again = start()
    const other = await again.ready()
    while (asked() < 2) await new Promise((resolve) => setTimeout(resolve, 20))
    const answer = await ask(other, "say:nach dem Neustart", `/threads/${thread}/runs/wait`, {
      multitask_strategy: "interrupt"
    })
    assert.strictEqual(said(await answer.json()).at(-1), "ai: nach dem Neustart")
    // Or the runs of the others here could be its.
    again.kill("SIGTERM")
    assert.strictEqual((await again.ended).code, 0)
  })

  test("there is nothing of the demo in it, and no secret in what it prints", async () => {
    const server = start()
    const url = await server.ready()
    await server.printed(/Startup sync summary/)
    for (const text of ["tool:search_laws:{\"query\":\"x\"}", "fail:401"]) {
      assert.isNotEmpty(await allFrames(await ask(url, text)))
    }
    for (const path of ["/info", "/metrics", "/openapi.json", "/docs", "/", "/health"]) {
      const response = await fetch(`${url}${path}`)
      assert.strictEqual(response.status, 200, path)
      assert.isAbove((await response.text()).length, 20)
    }
    assert.include(
      await (await fetch(`${url}/metrics`)).text(),
      "throughline_runs_ended_total{outcome=\"Completed\"} 1"
    )
    server.kill("SIGTERM")
    const { code, stderr, stdout } = await server.ended
    assert.strictEqual(code, 0)
    const printed = stdout + stderr
    for (const word of ["demo", "Kanzlei Nord", "stand-in", "eyJ"]) assert.notInclude(printed, word)
    for (const secret of [token, Redacted.value(around.secret), ...Object.values(secrets)]) {
      assert.notInclude(printed, secret)
    }
    for (const line of stdout.trim().split("\n")) assert.property(JSON.parse(line), "message")
  })

  test("traces, metrics and logs go where OTLP says, without a secret", async () => {
    const received = new Map<string, string>()
    const collector = await listen((request, response) => {
      void readBody(request).then((body) => {
        const path = request.url ?? ""
        received.set(path, (received.get(path) ?? "") + body)
        response.writeHead(200, { "content-type": "application/json" }).end("{}")
      })
    })
    try {
      const server = start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.origin })
      await allFrames(await ask(await server.ready(), "tool:search_laws:{\"query\":\"x\"}"))
      server.kill("SIGTERM")
      assert.strictEqual((await server.ended).code, 0)
      assert.sameMembers([...received.keys()], ["/v1/traces", "/v1/metrics", "/v1/logs"])
      assert.include(received.get("/v1/traces") ?? "", "executeRun")
      assert.include(received.get("/v1/metrics") ?? "", "throughline_runs_ended_total")
      assert.include(received.get("/v1/logs") ?? "", "MCP tools loaded: count=")
      const all = [...received.values()].join("\n")
      for (const secret of [token, Redacted.value(around.secret), ...Object.values(secrets)]) {
        assert.notInclude(all, secret)
      }
    } finally {
      await collector.close()
    }
  })

  test("a collector that is away is nobody's problem", async () => {
    const server = start({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" })
    const frames = await allFrames(await ask(await server.ready(), "say:egal"))
    assert.strictEqual(said(frames.at(-1)?.data).at(-1), "ai: egal")
    server.kill("SIGTERM")
    assert.strictEqual((await server.ended).code, 0)
  })
})
