import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, describe, test } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { descendants, isAlive, portIsFree, type ServerProcess, startServer } from "../support/ServerProcesses.ts"

const run = promisify(execFile)

const jwt = /eyJ[\w-]+\.[\w-]+\.[\w-]+/

describe("npm start, with nothing configured", () => {
  let server: ServerProcess
  let url: string
  let banner: string
  beforeAll(async () => {
    server = startServer({})
    url = await server.ready()
    await server.printed(/Stop: Ctrl-C/)
    banner = server.output.stdout
  })
  afterAll(async () => {
    server.kill("SIGKILL")
    await server.ended
  })

  const tokenOf = (organisation: string) => new RegExp(`${organisation}: *(${jwt.source})`).exec(banner)?.[1] ?? ""

  test("says where it is, who may come in, and that its model is none", () => {
    assert.include(banner, `Throughline is up at ${url}`)
    assert.match(tokenOf("Kanzlei Nord"), jwt)
    assert.match(tokenOf("Immobilien Süd"), jwt)
    assert.notStrictEqual(tokenOf("Kanzlei Nord"), tokenOf("Immobilien Süd"))
    assert.include(banner, "a stand-in")
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

  test("its secrets are others at each start", async () => {
    const another = startServer({})
    try {
      const elsewhere = await another.ready()
      const headers = { authorization: `Bearer ${tokenOf("Kanzlei Nord")}` }
      assert.strictEqual((await fetch(`${elsewhere}/assistants/${agents.recht}`, { headers })).status, 401)
      const started = await descendants(another.pid)
      another.kill("SIGTERM")
      assert.strictEqual((await another.ended).code, 0)
      assert.deepEqual(started.filter(isAlive), [])
    } finally {
      another.kill("SIGKILL")
    }
  })
})
