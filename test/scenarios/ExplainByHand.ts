import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert } from "vitest"
import { agents, people } from "../../src/adapters/demo/World.ts"
import { explanationText } from "../../src/app/cli/ExplainReport.ts"
import { type Explained, explanationOf, serversOf } from "../support/Explain.ts"
import { startNode } from "../support/Processes.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"

const program = new URL("../../src/app/throughline.ts", import.meta.url).pathname

/** `throughline explain <words>`, with nothing configured but what is said. */
const byHand = (words: ReadonlyArray<string>, env: Readonly<Record<string, string>>) =>
  startNode([program, "explain", ...words], env).ended

/** What differs from one asking to the next. */
const withoutTimes = (explained: Explained) => ({ ...explained, servers: serversOf(explained) })

/** The operator's own settings, those of the server among them. */
const operator = ({ around, databaseUrl, model }: Throughline) => ({
  DATABASE_URL: databaseUrl,
  SECRETS_KEY: around.secretsKey,
  OPENAI_API_KEY: "sk-server-key-canary",
  OPENAI_BASE_URL: model.url
})

export const explainByHand = {
  "by a server or out of the database, it says what the API says": async (world) => {
    const folder = await mkdtemp(join(tmpdir(), "explain-"))
    try {
      const body = { config: { configurable: { temperature: 0.1, custom_api_key: "sk-mine" } } }
      const file = join(folder, "run.json")
      await writeFile(file, JSON.stringify(body))
      const said = withoutTimes(await explanationOf(world, "member", agents.recht, body))
      const [there, here] = await Promise.all([
        byHand([agents.recht, "--url", `${world.url}/`, "--body", file, "--json"], {
          THROUGHLINE_TOKEN: world.token("member")
        }),
        byHand([agents.recht, "--as", people.member, "--body", file, "--json"], operator(world))
      ])
      for (const { code, stderr, stdout } of [there, here]) {
        assert.strictEqual(code, 0, stderr)
        assert.deepEqual(withoutTimes(JSON.parse(stdout)), said)
        assert.notInclude(stdout + stderr, "sk-")
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  },

  "to a person it is a table: what is in force, from where, and what it overrides": async (world) => {
    const stdout = explanationText(await explanationOf(world, "admin", agents.recht), false)
    assert.match(stdout, /^⚖️ Rechts-Assistent {2}a0000000-0000-4000-a000-000000000002, version \d+, graph agent$/m)
    assert.match(stdout, /^seen through membership of organisation 11111111-[-0-9a-f]+, as admin$/m)
    assert.match(stdout, /^model {6}openai:gpt-4o-mini {2}openai, key: the server's$/m)
    assert.match(stdout, /^temperature +0\.3 +assistant +overrides default: 0\.7$/m)
    assert.match(stdout, /^ {2}legal-mcp {2}\d+ ms +4 tool\(s\): search_laws, slow, fails, counter {2}http:\S+$/m)
  },

  "where something is wrong it ends with 1, and says what": async (world) => {
    const server = ["--url", world.url, "--token", world.token("member")]
    const [dead, stranger, nobody, unheard] = await Promise.all([
      byHand([agents.dokumente, ...server], {}),
      byHand([agents.recht, "--as", people.otherOrganisation], operator(world)),
      byHand([agents.recht], operator(world)),
      byHand([agents.recht, "--url", world.url, "--token", "nonsense"], {})
    ])
    for (const { code } of [dead, stranger, nobody, unheard]) assert.strictEqual(code, 1)
    assert.match(dead.stderr, /server document-mcp: connection refused/)
    assert.match(dead.stdout, /^ {2}document-mcp +\d+ ms +connection refused +http:\S+ \(with the caller's token\)$/m)
    assert.match(stranger.stderr, /Assistant "a0000000-0000-4000-a000-000000000002" not found/)
    assert.notInclude(stranger.stdout + stranger.stderr, "Rechts")
    assert.match(nobody.stderr, /--as <user id>/)
    assert.match(unheard.stderr, /HTTP 401/)
  }
} satisfies Scenarios
