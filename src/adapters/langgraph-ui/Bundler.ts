/**
 * A process that bundles the components of one graph, as the reference server does, tells its parent, and goes: what that
 * takes of memory goes with it. Tailwind looks for the names of classes in the folder that its process runs in, which a
 * server can't choose for itself.
 */

/** Two answers: the files, or why there are none. */
const bundle = async (name: string, userPath: string, shared: Array<string>) => {
  try {
    // Here, so that a bundler that is not installed is a reason like any other.
    const { build } = await import("@langchain/langgraph-ui/dist/bundler.mjs")
    const built = await build(name, { cwd: process.cwd(), userPath, config: { shared } })
    return { files: built.map(({ basename, contents }) => ({ name: basename, contents })) }
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) }
  }
}

const [name = "", path = "", ...shared] = process.argv.slice(2)

// Its parent hangs up when it has heard the answer, or is no more.
process.once("disconnect", () => process.exit(0))
process.send?.(await bundle(name, path, shared))
