import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { layer } from "../../src/adapters/langgraph-ui/LanggraphUi.ts"
import { GraphComponents } from "../../src/ports/GraphComponents.ts"
import { ownProject } from "../support/OwnProject.ts"

const sizeOfPicture = 5_000_000

/** A component with styles of its own and a picture, as large as nobody's. */
const project = Effect.acquireRelease(
  Effect.promise(() =>
    ownProject({
      "ui.tsx": `import "./ui.css"
import { picture } from "./picture.js"
export default { card: () => <img className="card" src={picture} /> }
`,
      "ui.css": ".card { user-select: none }\n",
      "picture.js": `export const picture = "${"x".repeat(sizeOfPicture)}"\n`
    })
  ),
  ({ remove }) => Effect.promise(remove)
)

const built = Effect.fnUntraced(function*(folder: string, name: string, path: string) {
  const components = layer([{ name, path, project: folder, shared: [] }])
  return yield* Effect.flatMap(
    GraphComponents,
    ({ files, names }) => Effect.map(files(name), (files) => ({ files, names }))
  ).pipe(Effect.provide(components))
})

describe("a graph's components", () => {
  it.live("are one script and its styles, whatever they are made of", () =>
    Effect.gen(function*() {
      const { folder } = yield* project
      const { files, names } = yield* built(folder, "cards", "ui.tsx")
      assert.deepEqual([...names], ["cards"])
      assert.sameMembers(files.map(({ name }) => name), ["entrypoint.js", "entrypoint.css"])
      const contents = new Map(files.map(({ contents, name }) => [name, contents]))
      assert.isAbove(contents.get("entrypoint.js")?.byteLength ?? 0, sizeOfPicture)
      // For browsers that want it said in their own way.
      assert.include(new TextDecoder().decode(contents.get("entrypoint.css")), "-webkit-user-select")
    }).pipe(Effect.scoped))

  it.live("that can't be built are refused as such, whatever it is that fails", () =>
    Effect.gen(function*() {
      for (const folder of ["/no/such/folder", import.meta.dirname]) {
        const refusal = yield* Effect.flip(built(folder, "cards", "./no-such-file.tsx"))
        assert.strictEqual(refusal.message, "UI of agent \"cards\" failed to build; the server's log says why")
      }
    }))
})
