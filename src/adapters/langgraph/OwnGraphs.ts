import { Effect, Fiber } from "effect"
import type { GraphFile } from "./GraphFile.ts"
import { loadGraph } from "./GraphLoader.ts"
import type { Models } from "./Models.ts"
import { ownGraph } from "./OwnGraph.ts"
import type { ServedGraph } from "./ServedGraph.ts"

/**
 * An operator's own graphs, by name. They are loaded side by side and in the background: a server that starts is not
 * kept waiting by one, and one that can't be loaded is told of once, and takes nothing from the others.
 */
export const ownGraphs = Effect.fnUntraced(function*(
  files: ReadonlyArray<GraphFile>,
  { models }: { readonly models: Models["Service"] }
) {
  const served: Array<readonly [string, ServedGraph]> = []
  if (files.length === 0) return served
  const { graphModules } = yield* Effect.promise(() => import("./GraphModules.ts"))
  yield* graphModules(files)
  for (const file of files) {
    const loading = yield* Effect.forkScoped(
      loadGraph(file).pipe(
        Effect.tap(() => Effect.logInfo(`Graph ${file.name} loaded`)),
        Effect.tapError(({ reason }) => Effect.logError(`Graph ${file.name} failed to load: ${reason}`)),
        Effect.annotateLogs({ graph_id: file.name, file: file.file })
      )
    )
    served.push([file.name, ownGraph(file.name, Fiber.join(loading), models)])
  }
  return served
})
