import { Data, Effect, Schema } from "effect"
import { fork } from "node:child_process"
import { createRequire } from "node:module"
import { delimiter } from "node:path"
import { fileURLToPath } from "node:url"
import type { ComponentFile } from "../../ports/GraphComponents.ts"
import type { ComponentSource } from "./ComponentSource.ts"

/** Why components can't be had, in words for the operator. */
export class Unbuildable extends Data.TaggedError("Unbuildable")<{ readonly reason: string }> {}

const bundler = fileURLToPath(new URL("Bundler.ts", import.meta.url))

/** Where Tailwind is found by a project that does not have it: among our packages. */
const ourPackages = (createRequire(import.meta.url).resolve.paths("tailwindcss") ?? []).join(delimiter)

const Told = Schema.Union([
  Schema.Struct({ files: Schema.Array(Schema.Struct({ name: Schema.String, contents: Schema.Uint8Array })) }),
  Schema.Struct({ reason: Schema.String })
])

const understood = Schema.decodeUnknownEffect(Told)

const unbuildable = (reason: string) => new Unbuildable({ reason })

/** The components of a graph, bundled. Its process gets nothing of ours but where programs and packages are. */
const bundledBy = ({ name, path, project, shared }: ComponentSource) =>
  Effect.callback<unknown, Unbuildable>((resume) => {
    const child = fork(bundler, [name, path, ...shared], {
      cwd: project,
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], NODE_PATH: ourPackages },
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"]
    })
    child.once("message", (told) => {
      child.disconnect()
      resume(Effect.succeed(told))
    })
    child.once("error", ({ message }) => resume(Effect.fail(unbuildable(message))))
    child.once("exit", (code, signal) => resume(Effect.fail(unbuildable(`its bundler ended with ${code ?? signal}`))))
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

export const bundled = Effect.fnUntraced(
  function*(source: ComponentSource): Effect.fn.Return<ReadonlyArray<ComponentFile>, Unbuildable> {
    const told = yield* Effect.orDie(understood(yield* bundledBy(source)))
    if ("reason" in told) return yield* unbuildable(told.reason)
    return told.files
  },
  Effect.timeoutOrElse({
    duration: "2 minutes",
    orElse: () => Effect.fail(unbuildable("it was not built within 2 minutes"))
  })
)
