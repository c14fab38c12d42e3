/** What every provider accepts as a tool's name. */
const legal = (name: string): string => name.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, 64) || "tool"

interface Tool {
  readonly server: string
  readonly name: string
}

/** Made unique by a number at its end, within the length that providers allow. */
const unused = (name: string, taken: ReadonlySet<string>): string => {
  for (let number = 1;; number++) {
    const suffix = number === 1 ? "" : `_${number}`
    const candidate = name.slice(0, 64 - suffix.length) + suffix
    if (!taken.has(candidate)) return candidate
  }
}

/** The names by which the model calls tools, in their order: their own, or `<server>__<tool>` where two would be equal. */
export const toolNames = (tools: ReadonlyArray<Tool>): ReadonlyArray<string> => {
  const count = new Map<string, number>()
  for (const { name } of tools) count.set(legal(name), (count.get(legal(name)) ?? 0) + 1)
  const alone = (name: string) => count.get(legal(name)) === 1
  // A name that is nobody else's stays as it is, whatever the colliding ones turn into.
  const taken = new Set(tools.filter(({ name }) => alone(name)).map(({ name }) => legal(name)))
  return tools.map(({ name, server }) => {
    if (alone(name)) return legal(name)
    const unique = unused(legal(`${server}__${name}`), taken)
    taken.add(unique)
    return unique
  })
}
