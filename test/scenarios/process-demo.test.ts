import { Schema } from "effect"
import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, describe, test } from "vitest"
import { agents, people } from "../../src/adapters/demo/World.ts"
import { startNode } from "../support/Processes.ts"
import { descendants, isAlive, portIsFree, type ServerProcess, startServer } from "../support/ServerProcesses.ts"

const run = promisify(execFile)

const jwt = /eyJ[\w-]+\.[\w-]+\.[\w-]+/

const tokenIn = (banner: string, organisation: string) =>
  new RegExp(`${organisation}: *(${jwt.source})`).exec(banner)?.[1] ?? ""

const decodeThread = Schema.decodeUnknownSync(Schema.Struct({ thread_id: Schema.String }))

const decodeState = Schema.decodeUnknownSync(
  Schema.Struct({
    values: Schema.Struct({ messages: Schema.Array(Schema.Struct({ type: Schema.String, content: Schema.String })) })
  })
)

const decodePeople = Schema.decodeUnknownSync(
  Schema.Array(
    Schema.Struct({
      name: Schema.String,
      organization: Schema.NullOr(Schema.String),
      user_id: Schema.String,
      token: Schema.String
    })
  )
)

const newFolder = () => mkdtemp(join(tmpdir(), "throughline-demo-"))

const removeFolder = (path: string) => rm(path, { recursive: true, maxRetries: 20, retryDelay: 100 })

/** An ended process counts as alive until it is reaped, which, for a killed server's, is not for us to do. */
const untilEnded = async (pids: ReadonlyArray<number>) => {
  const deadline = Date.now() + 60_000
  while (pids.some(isAlive)) {
    if (Date.now() > deadline) assert.fail(`still running: ${pids.filter(isAlive)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe("npm start, with nothing configured", () => {
  let folder: string
  let server: ServerProcess
  let url: string
  let banner: string
  beforeAll(async () => {
    folder = await newFolder()
    server = startServer({ DATA_DIRECTORY: folder })
    url = await server.ready()
    await server.printed(/Stop: Ctrl-C/)
    banner = server.output.stdout
  })
  afterAll(async () => {
    server.kill("SIGKILL")
    await server.ended
    await removeFolder(folder)
  })

  const tokenOf = (organisation: string) => tokenIn(banner, organisation)

  test("says where it is, who may come in, and that its model is none", () => {
    assert.include(banner, `Throughline is up at ${url}`)
    assert.match(tokenOf("Kanzlei Nord"), jwt)
    assert.match(tokenOf("Immobilien Süd"), jwt)
    assert.notStrictEqual(tokenOf("Kanzlei Nord"), tokenOf("Immobilien Süd"))
    assert.include(banner, "a stand-in")
    assert.include(banner, `Data and secrets stay in ${folder}`)
    assert.strictEqual(server.output.stderr, "")
  })

  test("the command that it prints works: the Rechts-Assistent answers with its tools", async () => {
    const command = /curl -N[\s\S]*?}'$/m.exec(banner)?.[0] ?? assert.fail("no command")
    for (const time of ["first", "second"]) {
      const { stdout } = await run("sh", ["-c", `${command} --silent --fail-with-body`])
      assert.include(stdout, "event: metadata", time)
      assert.match(stdout, /"name":"get_paragraph"/)
      assert.include(stdout, "§ 535 BGB")
      assert.include(stdout, "stand-in model")
      assert.notInclude(stdout, "event: error")
    }
  })

  test("the other organisation's token opens nothing of it", async () => {
    const as = (organisation: string) =>
      fetch(`${url}/assistants/${agents.recht}`, { headers: { authorization: `Bearer ${tokenOf(organisation)}` } })
    assert.strictEqual((await as("Kanzlei Nord")).status, 200)
    assert.strictEqual((await as("Immobilien Süd")).status, 404)
    assert.strictEqual((await fetch(`${url}/assistants/${agents.recht}`)).status, 401)
  })

  test("lends its people to the console, whose address it names, and `throughline token` makes anybody one of them", async () => {
    assert.include(banner, `${url}/console`)
    const said = decodePeople(await (await fetch(`${url}/demo/people`)).json())
    assert.deepEqual(said.map(({ name, organization }) => `${name} of ${organization}`), [
      "A member of Kanzlei Nord",
      "An admin of Kanzlei Nord",
      "A member of Immobilien Süd",
      "A stranger of null"
    ])
    const { code, stdout } = await startNode(["src/app/throughline.ts", "token", "--user", people.member], {
      DATA_DIRECTORY: folder
    }).ended
    assert.strictEqual(code, 0)
    const tokens = [...said.map(({ token }) => token), stdout.trim()]
    const asked = tokens.map((token) =>
      fetch(`${url}/assistants/${agents.recht}`, { headers: { authorization: `Bearer ${token}` } })
    )
    assert.deepEqual((await Promise.all(asked)).map(({ status }) => status), [200, 200, 404, 404, 200])
  })

  test("Ctrl-C leaves nothing running", async () => {
    const started = await descendants(server.pid)
    assert.isNotEmpty(started, "its Postgres")
    server.kill("SIGINT")
    const { code, stderr, stdout } = await server.ended
    assert.strictEqual(code, 0, stderr)
    assert.strictEqual(stderr, "")
    assert.include(stdout, "\"Stopped\"")
    assert.deepEqual(started.filter(isAlive), [])
    assert.isTrue(await portIsFree(url))
  })

  test("its secrets are others in another folder", async () => {
    const elsewhere = await newFolder()
    const another = startServer({ DATA_DIRECTORY: elsewhere })
    try {
      const there = await another.ready()
      const headers = { authorization: `Bearer ${tokenOf("Kanzlei Nord")}` }
      assert.strictEqual((await fetch(`${there}/assistants/${agents.recht}`, { headers })).status, 401)
      const started = await descendants(another.pid)
      another.kill("SIGTERM")
      assert.strictEqual((await another.ended).code, 0)
      assert.deepEqual(started.filter(isAlive), [])
    } finally {
      another.kill("SIGKILL")
      await another.ended
      await removeFolder(elsewhere)
    }
  })
})

describe("a demo that is killed and started again", () => {
  let folder: string
  let servers: ReadonlyArray<ServerProcess> = []
  beforeAll(async () => {
    folder = await newFolder()
  })
  afterAll(async () => {
    const started = (await Promise.all(servers.map(({ pid }) => descendants(pid)))).flat()
    await Promise.all(servers.map((server) => {
      server.kill("SIGKILL")
      return server.ended
    }))
    await untilEnded(started)
    await removeFolder(folder)
  })

  const start = async () => {
    const server = startServer({ DATA_DIRECTORY: folder })
    servers = [...servers, server]
    const url = await server.ready()
    await server.printed(/Stop: Ctrl-C/)
    return { server, url }
  }

  /** What a member's own client would say, with one token throughout. */
  const client = (token: string) => {
    const ask = async (url: string, body?: object) => {
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
      const post = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }
      const response = await fetch(url, { headers, ...post })
      assert.strictEqual(response.status, 200, await response.clone().text())
      return response
    }
    return {
      newThread: async (url: string) => decodeThread(await (await ask(`${url}/threads`, {})).json()).thread_id,
      say: (url: string, thread: string, content: string) =>
        ask(`${url}/threads/${thread}/runs/wait`, {
          assistant_id: agents.recht,
          input: { messages: [{ role: "user", content }] }
        }),
      messages: async (url: string, thread: string) => {
        const state = decodeState(await (await ask(`${url}/threads/${thread}/state`)).json())
        return state.values.messages
      }
    }
  }

  test("keeps threads, tokens and secrets, and goes on with its tools", async () => {
    const first = await start()
    const { messages, newThread, say } = client(tokenIn(first.server.output.stdout, "Kanzlei Nord"))
    const thread = await newThread(first.url)
    await say(first.url, thread, "Was sagt § 535 BGB?")
    const before = await messages(first.url, thread)
    const secrets = await readFile(join(folder, "secrets.json"), "utf8")
    const its = await descendants(first.server.pid)
    assert.isNotEmpty(its, "its Postgres")
    first.server.kill("SIGKILL")
    await first.server.ended

    const second = await start()
    await untilEnded(its)
    assert.deepEqual(await messages(second.url, thread), before)
    assert.deepEqual(before.map(({ type }) => type), ["human", "ai", "tool", "ai"])
    await say(second.url, thread, "Was sagt § 433 BGB?")
    const after = await messages(second.url, thread)
    assert.lengthOf(after, 8)
    assert.include(JSON.stringify(after.slice(4)), "§ 433 BGB (Vertragstypische Pflichten")
    assert.strictEqual(second.server.output.stderr, "")

    assert.strictEqual(await readFile(join(folder, "secrets.json"), "utf8"), secrets)
    assert.strictEqual((await stat(join(folder, "secrets.json"))).mode & 0o777, 0o600)
    for (const secret of Object.values<string>(JSON.parse(secrets))) {
      for (const { output } of servers) assert.notInclude(output.stdout + output.stderr, secret)
    }
  })

  test("a second server on the folder of a running one ends with one line that names DATA_DIRECTORY", async () => {
    const { code, stderr } = await startServer({ DATA_DIRECTORY: folder }).ended
    assert.strictEqual(code, 1)
    assert.lengthOf(stderr.trim().split("\n"), 1, stderr)
    assert.match(stderr, /^throughline: DATA_DIRECTORY must be a folder that no other server uses; process \d+ uses /)
  })
})
