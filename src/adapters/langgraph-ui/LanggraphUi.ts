import { Effect, Fiber, Layer, Semaphore } from "effect"
import { type ComponentFile, ComponentsNotFound, GraphComponents } from "../../ports/GraphComponents.ts"
import { bundled } from "./Bundles.ts"
import type { ComponentSource } from "./ComponentSource.ts"

/**
 * An operator's components, built once, in the background: a server that starts is not kept waiting by them. What can't
 * be built is told of once, and takes nothing from the others.
 */
export const layer = (sources: ReadonlyArray<ComponentSource>) =>
  Layer.effect(
    GraphComponents,
    Effect.gen(function*() {
      // One after the other: a server that has just started has other things to do as well.
      const turn = yield* Semaphore.make(1)
      const builds = new Map<string, Effect.Effect<ReadonlyArray<ComponentFile>, ComponentsNotFound>>()
      for (const source of sources) {
        const { name, path } = source
        const building = yield* Effect.forkScoped(
          turn.withPermits(1)(bundled(source)).pipe(
            Effect.tap(() => Effect.logInfo(`Components of ${name} built`)),
            Effect.tapError(({ reason }) => Effect.logError(`Components of ${name} failed to build: ${reason}`)),
            Effect.mapError(() => new ComponentsNotFound({ graph: name, unbuilt: true })),
            Effect.annotateLogs({ graph_id: name, file: path })
          )
        )
        builds.set(name, Fiber.join(building))
      }
      return GraphComponents.of({
        names: new Set(builds.keys()),
        files: (graph) => builds.get(graph) ?? Effect.fail(new ComponentsNotFound({ graph }))
      })
    })
  )
