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

/** Of a name as people write them what a provider takes at its beginning too: letters without their marks, words apart. */
const word = (name: string): string => {
  const plain = name.normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^a-zA-Z0-9-]+/g, "_").replace(
    /^[_-]+|[_-]+$/g,
    ""
  )
  return legal(/^[a-zA-Z]/.test(plain) ? plain : plain === "" ? "agent" : `agent_${plain}`)
}

/** The names by which the model calls other agents, in their order: none is that of another tool. */
export const agentToolNames = (
  agents: ReadonlyArray<string>,
  tools: ReadonlyArray<string>
): ReadonlyArray<string> => {
  const taken = new Set(tools)
  return agents.map((agent) => {
    const unique = unused(word(agent), taken)
    taken.add(unique)
    return unique
  })
}
