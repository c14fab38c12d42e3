import { assert } from "vitest"
import { ownProject } from "../support/OwnProject.ts"
import type { ReplicaScenarios } from "../support/ReplicaServers.ts"

/** Tailwind is not among its packages: it has none. */
const project = {
  "langgraph.json": JSON.stringify({
    graphs: {},
    ui: {
      agent: "./src/ui.tsx",
      "my cards": "src/ui.tsx",
      broken: "./src/broken.tsx",
      absent: "./src/absent.tsx",
      outside: "../ui.tsx"
    },
    ui_config: { shared: ["a-library-of-the-page"] }
  }),
  "package.json": JSON.stringify({ type: "module" }),
  "src/ui.tsx": `import "./ui.css"
import { shade } from "a-library-of-the-page"
import { words } from "./words"
export default { card: () => <p className={"text-red-500 " + shade}>{words}</p> }
`,
  "src/words.ts": "export const words: string = \"hello\"\n",
  "src/ui.css": "@import \"tailwindcss\";\n",
  "src/broken.tsx": "export default { card: () => <p>\n"
}

/** What is said of each at the start that can't be built. */
const failures = {
  broken: /failed to build: .*src\/broken\.tsx:2:0: ERROR: Unexpected end of file/,
  absent: /failed to build: .*Could not resolve \S+absent\.tsx/,
  outside: /failed to build: UI path must be relative to the project root/
}

export const ownComponents = {
  "components that can be built are served, and those that can't are named at the start with the reason": async (
    world
  ) => {
    const { folder, remove } = await ownProject(project)
    try {
      const replica = await world.start({ LANGGRAPH_CONFIG_PATH: `${folder}/langgraph.json` })
      const tags = async (graph: string) => {
        const body = JSON.stringify({ name: "card" })
        const answer = await replica.fetch(`/ui/${graph}`, { method: "POST", body })
        return [answer.status, await answer.text()] as const
      }
      for (const graph of ["agent", "my%20cards"]) {
        const [status, text] = await tags(graph)
        assert.strictEqual(status, 200, text)
        const [styles = "", script = ""] = [...text.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, url]) => url)
        assert.include(await (await fetch(styles)).text(), ".text-red-500 {")
        const code = await (await fetch(script)).text()
        assert.include(code, "hello")
        assert.include(code, "__require(\"a-library-of-the-page\")")
      }
      for (const [graph, says] of Object.entries(failures)) {
        const refusal = `UI of agent "${graph}" failed to build; the server's log says why`
        assert.deepEqual(await tags(graph), [404, JSON.stringify({ detail: refusal })])
        const said = () => replica.output.stdout.split("\n").filter((line) => line.includes(`Components of ${graph} `))
        const line = await world.until(`${graph} is named`, () => said()[0])
        assert.match(line, says)
        assert.include(line, "\"ERROR\"")
        assert.lengthOf(said(), 1)
      }
    } finally {
      await remove()
    }
  }
} satisfies ReplicaScenarios
