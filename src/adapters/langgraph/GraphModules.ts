import { Effect } from "effect"
import { registerHooks } from "node:module"
import { sep } from "node:path"
import { pathToFileURL } from "node:url"
import type { GraphFile } from "./GraphFile.ts"

/** There must be one LangGraph in a process: a graph made by another would not know our interrupts and commands. */
const one = /^@langchain\/langgraph(-checkpoint)?(\/.+)?$/

/** What TypeScript may mean by a path: it is written as what it is compiled to, or without an ending. */
const sources = (path: string): ReadonlyArray<string> =>
  /\.[cm]?js$/.test(path)
    ? [path.replace(/js$/, "ts")]
    : [".ts", ".js", "/index.ts", "/index.js"].map((ending) => `${path}${ending}`)

/**
 * While the scope is open, an operator's modules find each other as they do under the reference server, and find our
 * LangGraph; whatever else their project does not have is looked for among our packages.
 */
export const graphModules = (files: ReadonlyArray<GraphFile>) => {
  const projects = [...new Set(files.map(({ project }) => pathToFileURL(project + sep).href))]
  const isTheirs = (url: string | undefined) => url !== undefined && projects.some((project) => url.startsWith(project))
  return Effect.acquireRelease(
    Effect.sync(() =>
      registerHooks({
        resolve: (specifier, context, next) => {
          if (!isTheirs(context.parentURL)) return next(specifier, context)
          const fromHere = { ...context, parentURL: import.meta.url }
          if (one.test(specifier)) return next(specifier, fromHere)
          const others = /^\.{0,2}\//.test(specifier)
            ? sources(specifier).map((path) => () => next(path, context))
            : [() => next(specifier, fromHere)]
          return firstOf([() => next(specifier, context), ...others])
        }
      })
    ),
    (hooks) => Effect.sync(() => hooks.deregister())
  )
}

/** If none of them can, what the first one says. */
const firstOf = <A>([attempt, ...others]: ReadonlyArray<() => A>): A => {
  if (attempt === undefined) throw new Error("Nothing to attempt")
  try {
    return attempt()
  } catch (error) {
    for (const other of others) {
      const found = attempted(other)
      if (found !== undefined) return found.value
    }
    throw error
  }
}

const attempted = <A>(attempt: () => A): { readonly value: A } | undefined => {
  try {
    return { value: attempt() }
  } catch {
    return undefined
  }
}
