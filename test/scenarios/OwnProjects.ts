import { join } from "node:path"
import { assert } from "vitest"
import { people } from "../../src/adapters/demo/World.ts"
import { ownGraphs } from "../support/OwnGraphs.ts"
import { ownProject } from "../support/OwnProject.ts"
import { calm, type ReplicaScenarios } from "../support/ReplicaServers.ts"

/** As the templates for LangGraph.js have it: sources of TypeScript that call each other by what they compile to. */
const project = {
  "langgraph.json": JSON.stringify({
    graphs: {
      shout: "./src/agents/shout.ts:graph",
      throws: "./src/agents/throws.ts:graph",
      absent: "./src/agents/absent.ts:graph",
      unnamed: "./src/agents/shout.ts:grahp",
      nonsense: "./src/shared/words.ts:shouted"
    },
    env: "./.env",
    http: { cors: { allow_origins: ["https://chat.example"], allow_credentials: true } }
  }),
  ".env": "SHOUT_ENDING=!!!\nLOG_LEVEL=debug\nPATH=/not/mine\n",
  "package.json": JSON.stringify({ type: "module" }),
  "src/shared/words.ts": "export const ending = process.env.SHOUT_ENDING as string\nexport const shouted = 5\n",
  "src/shared/index.ts": "export * from \"./words\"\n",
  "src/agents/state.ts": `import { Annotation } from "@langchain/langgraph"
export const State = Annotation.Root({ text: Annotation<string>, asked: Annotation<string> })
`,
  "src/agents/shout.ts": `import { interrupt, StateGraph, START } from "@langchain/langgraph"
import { HumanMessage } from "@langchain/core/messages"
import { z } from "zod"
import { State } from "./state.js"
import { ending } from "../shared"
export const graph = new StateGraph(State)
  .addNode("shout", ({ text }: typeof State.State) => ({
    text: z.string().parse(new HumanMessage(text).text).toUpperCase() + ending + (process.env.PATH === "/not/mine"),
    asked: interrupt("louder?")
  }))
  .addEdge(START, "shout")
`,
  "src/agents/throws.ts": "throw new Error(\"no licence for this graph\")\n"
}

/** Graphs of a project somewhere else on the disk, which has not even packages of its own. */
export const ownProjects = {
  "a run whose server stops goes on elsewhere, from where it was": async (world) => {
    const one = await world.start({ ...calm, ...ownGraphs.env, SHUTDOWN_TIMEOUT_SECONDS: "0" })
    const { runs, threads } = one.client()
    const { thread_id } = await threads.create()
    const first = await runs.wait(thread_id, "secretive", { input: {}, config: { configurable: { tone: "warm" } } })
    assert.propertyVal(first, "secret", 0)
    const { run_id } = await runs.create(thread_id, "secretive", {
      input: { ms: 8000 },
      config: { configurable: { tone: "dry" } }
    })
    await world.until("it waits", async () => (await threads.getState(thread_id)).next.includes("while"))
    await one.stop()
    const other = await world.start({ ...calm, ...ownGraphs.env })
    await other.client().runs.join(thread_id, run_id)
    const { values } = await other.client().threads.getState<{ readonly tones: unknown }>(thread_id)
    const tones = ["warm", "warm", "dry", "dry"].map((tone) => `${tone} of ${people.member}`)
    const { rows } = await world.observer.query<{ attempt: number }>(
      "select attempt::int from langgraph_server.runs where id = $1::uuid",
      [run_id]
    )
    assert.deepEqual(rows, [{ attempt: 2 }])
    assert.deepEqual(values.tones, tones, "what was done is not done again, and it has its configuration still")
  },

  "graphs that load are served, and those that don't are named at the start with the reason": async (world) => {
    const { folder, remove } = await ownProject(project)
    try {
      const replica = await world.start({ LANGGRAPH_CONFIG_PATH: join(folder, "langgraph.json") })
      const { runs, threads } = replica.client()
      for (const text of ["hello", "again"]) {
        const { thread_id } = await threads.create()
        const asked = await runs.wait(thread_id, "shout", { input: { text } })
        assert.nestedPropertyVal(asked, "__interrupt__[0].value", "louder?")
        const values = await runs.wait(thread_id, "shout", { command: { resume: "no" } })
        assert.deepEqual(values, { text: `${text.toUpperCase()}!!!false`, asked: "no" })
        const stranger = replica.client("otherOrganisation")
        assert.match(String(await stranger.threads.getState(thread_id).catch((error: unknown) => error)), /404/)
      }

      // One line each.
      const lines = replica.output.stdout.split("\n")
      const failures = {
        throws: /failed to load: no licence for this graph/,
        absent: /failed to load: .*absent\.ts/,
        unnamed: /failed to load: .*shout\.ts has no export \\"grahp\\"/,
        nonsense: /failed to load: it is neither a graph nor a function that makes one/
      }
      for (const [graph, says] of Object.entries(failures)) {
        const named = lines.filter((line) => line.includes(`Graph ${graph} `))
        assert.lengthOf(named, 1, named.join("\n"))
        assert.match(named[0] ?? "", says)
        assert.include(named[0], "\"ERROR\"")
        const refusal = `Graph "${graph}" failed to load; the server's log says why`
        for (
          const [path, body] of [
            ["/assistants", { graph_id: graph }],
            ["/runs/wait", { assistant_id: graph, input: {} }],
            ["/runs", { assistant_id: graph, input: {} }]
          ] as const
        ) {
          const answer = await replica.fetch(path, { method: "POST", body: JSON.stringify(body) })
          assert.deepEqual([answer.status, await answer.json()], [422, { detail: refusal }], path)
        }
        const drawing = await replica.fetch(`/assistants/${graph}/graph`)
        assert.deepEqual([drawing.status, await drawing.json()], [422, { detail: refusal }])
      }

      // What else the file says: variables (LOG_LEVEL is ours) and who may call from a browser.
      assert.include(replica.output.stdout, "\"DEBUG\"")
      const preflight = (origin: string) =>
        replica.fetch("/threads", {
          method: "OPTIONS",
          headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "x-mine" }
        })
      const allowed = await preflight("https://chat.example")
      assert.strictEqual(allowed.headers.get("access-control-allow-origin"), "https://chat.example")
      assert.strictEqual(allowed.headers.get("access-control-allow-credentials"), "true")
      assert.isNull((await preflight("https://evil.example")).headers.get("access-control-allow-origin"))
    } finally {
      await remove()
    }
  }
} satisfies ReplicaScenarios
