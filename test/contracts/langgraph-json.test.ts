import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option } from "effect"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { environment, settings } from "../../src/app/Config.ts"
import { sweepEvery } from "../../src/app/StoreOptions.ts"

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "langgraph-json-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true }))
)

/** The settings of a server whose langgraph.json has this text. */
const settingsOf = Effect.fnUntraced(function*(
  text: string,
  files: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {}
) {
  const path = yield* folder
  for (const [name, content] of Object.entries({ "langgraph.json": text, ...files })) {
    yield* Effect.promise(() => writeFile(join(path, name), content))
  }
  const given = environment({ LANGGRAPH_CONFIG_PATH: join(path, "langgraph.json"), ...env })
  return { path, read: yield* Effect.provide(settings, given) }
})

const refusalOf = (text: string) => Effect.map(Effect.flip(settingsOf(text)), ({ message }) => message)

const canary = "canary-value"

/** Text of a file, what is named in it, and what is said of it. */
const malformed: ReadonlyArray<readonly [text: string, variable: RegExp, says: RegExp]> = [
  ["{", /^\S+langgraph\.json /, /must be JSON/],
  [`{"env": {"KEY": "${canary}" "more"}}`, /^\S+langgraph\.json /, /must be JSON/],
  ["[]", /^\S+langgraph\.json /, /object/],
  ["{\"graphs\": []}", /^graphs in \S+langgraph\.json /, /object/],
  ["{\"graphs\": {\"echo\": 1}}", /^graphs\.echo in /, /must be/],
  ["{\"graphs\": {\"echo\": \"./echo.py:graph\"}}", /^graphs\.echo in /, /"\.\/graph\.ts:graph"/],
  ["{\"graphs\": {\"echo\": \"./echo\"}}", /^graphs\.echo in /, /"\.\/graph\.ts:graph"/],
  ["{\"graphs\": {\"echo\": {\"description\": \"no path\"}}}", /^graphs\.echo(\.path)? in /, /must be/],
  ["{\"graphs\": {\"agent\": \"./agent.ts:graph\"}}", /^graphs\.agent in /, /called something else/],
  ["{\"ui\": [\"./ui.tsx\"]}", /^ui in /, /object/],
  ["{\"ui\": {\"agent\": {\"path\": \"./ui.tsx\"}}}", /^ui\.agent in /, /must be/],
  ["{\"ui_config\": {\"shared\": \"three\"}}", /^ui_config\.shared in /, /array/],
  [`{"env": {"KEY": ["${canary}"]}}`, /^env\.KEY in /, /must be/],
  ["{\"env\": \"./missing.env\"}", /^env in /, /a file that can be read; ENOENT/],
  ["{\"store\": {\"index\": {\"embed\": \"openai:x\", \"dims\": 0}}}", /^store\.index\.dims in /, /must be/],
  ["{\"store\": {\"ttl\": {\"default_ttl\": -1}}}", /^store\.ttl\.default_ttl in /, /must be/],
  [
    "{\"http\": {\"cors\": {\"allow_origin_regex\": \"(\"}}}",
    /^http\.cors\.allow_origin_regex in /,
    /regular expression/
  ]
]

describe("a langgraph.json", () => {
  it.effect("names graphs by files beside it, by an export or the default, and may describe them", () =>
    Effect.gen(function*() {
      const { path, read } = yield* settingsOf(JSON.stringify({
        node_version: "24",
        dependencies: ["."],
        graphs: { a: "./a.ts:graph", b: "src/b.js", c: { path: "../c.mts:make", description: "Makes one" } }
      }))
      assert.deepEqual(
        read.langgraph.graphs.map(({ exported, file, name, project }) => [name, file, exported, project]),
        [
          ["a", join(path, "a.ts"), "graph", path],
          ["b", join(path, "src/b.js"), "default", path],
          ["c", join(path, "../c.mts"), "make", path]
        ]
      )
    }).pipe(Effect.scoped))

  it.effect("names components by files, which are looked for in its folder, and what a page lends them", () =>
    Effect.gen(function*() {
      const ui = { agent: "./src/ui.tsx", "my cards": "cards.ts" }
      const { path, read } = yield* settingsOf(JSON.stringify({ ui, ui_config: { shared: ["three"] } }))
      assert.deepEqual(read.langgraph.components, [
        { name: "agent", path: "./src/ui.tsx", project: path, shared: ["three"] },
        { name: "my cards", path: "cards.ts", project: path, shared: ["three"] }
      ])
      assert.deepEqual((yield* settingsOf("{\"ui\": {\"a\": \"a.tsx\"}}")).read.langgraph.components[0]?.shared, [])
    }).pipe(Effect.scoped))

  it.effect("gives variables by name or in a file", () =>
    Effect.gen(function*() {
      const byName = yield* settingsOf("{\"env\": {\"A\": \"1\"}}")
      assert.deepEqual(byName.read.langgraph.env, { A: "1" })
      const inFile = yield* settingsOf("{\"env\": \"./.env\"}", { ".env": "A=1\n# no\nB=\"two words\"\n" })
      assert.deepEqual(inFile.read.langgraph.env, { A: "1", B: "two words" })
      assert.deepEqual((yield* settingsOf("{\"env\": [\"A\"]}")).read.langgraph.env, {})
    }).pipe(Effect.scoped))

  it.effect("says who may call from a browser, unless CORS_ORIGINS does", () =>
    Effect.gen(function*() {
      const cors = {
        allow_origins: ["https://a.example"],
        allow_origin_regex: "https://.*\\.b\\.example",
        allow_credentials: true,
        allow_headers: ["x-mine"],
        max_age: 5
      }
      const text = JSON.stringify({ http: { cors } })
      const { read } = yield* settingsOf(text)
      assert.deepEqual(read.corsOrigins, ["https://a.example"])
      assert.deepInclude(read.cors, { credentials: true, headers: ["x-mine"], maxAge: 5 })
      assert.isTrue(read.cors.originPattern?.test("https://x.b.example"))
      assert.isFalse(read.cors.originPattern?.test("https://x.b.example.evil.com"))
      const other = yield* settingsOf(text, {}, { CORS_ORIGINS: "https://c.example" })
      assert.deepEqual(other.read.corsOrigins, ["https://c.example"])
      assert.isUndefined(other.read.cors.originPattern)
      assert.strictEqual((yield* settingsOf("{}")).read.corsOrigins, "*")
    }).pipe(Effect.scoped))

  it.effect("configures the store", () =>
    Effect.gen(function*() {
      const store = {
        ttl: { default_ttl: 60, refresh_on_read: false, sweep_interval_minutes: 5 },
        index: { embed: "openai:text-embedding-3-small", dims: 1536, fields: ["text"] }
      }
      const { read } = yield* settingsOf(JSON.stringify({ store }))
      assert.deepEqual(read.langgraph.store, store)
      assert.deepEqual(sweepEvery(read.langgraph.store), Option.some(Duration.minutes(5)))
      for (const silent of [{}, { store: { ttl: { sweep_interval_minutes: null } } }]) {
        assert.isTrue(Option.isNone(sweepEvery((yield* settingsOf(JSON.stringify(silent))).read.langgraph.store)))
      }
    }).pipe(Effect.scoped))

  for (const [text, variable, says] of malformed) {
    it.effect(`that is malformed stops the start with one line: ${text}`, () =>
      Effect.gen(function*() {
        const message = yield* refusalOf(text)
        assert.match(message, variable)
        assert.match(message, says)
        assert.notInclude(message, "\n")
        assert.notInclude(message, canary)
      }).pipe(Effect.scoped))
  }

  it.effect("that is not where LANGGRAPH_CONFIG_PATH says stops the start", () =>
    Effect.gen(function*() {
      const given = environment({ LANGGRAPH_CONFIG_PATH: "/nowhere/langgraph.json" })
      const { message } = yield* Effect.flip(Effect.provide(settings, given))
      assert.match(message, /^LANGGRAPH_CONFIG_PATH must be a file that can be read; ENOENT/)
    }))
})
