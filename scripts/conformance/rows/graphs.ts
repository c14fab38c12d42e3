import { at, holds, same } from "../Expect.ts"
import { group } from "../Row.ts"

export const graphs = group("graphs", {
  "each graph of langgraph.json is there, by its name": async ({ client }) => {
    for (const name of ["echo", "hitl", "nested", "memory", "chat", "typed", "factory", "plain"]) {
      same("graph_id", (await client.assistants.get(name)).graph_id, name)
    }
  },

  "a graph in JavaScript": async ({ client }) => {
    same("doubled", at(await client.runs.wait(null, "plain", { input: { input: 21 } }), "doubled"), 42)
  },

  "a factory gets the configuration of the run": async ({ client }) => {
    const greeting = async (configurable: Record<string, unknown>) =>
      String(at(await client.runs.wait(null, "factory", { input: {}, config: { configurable } }), "greeting"))
    holds("its own", (await greeting({})).startsWith("Hello, "), await greeting({}))
    holds("the run's", (await greeting({ greeting: "Moin" })).startsWith("Moin, "))
  },

  "a factory gets the configuration of the assistant": async ({ client }) => {
    const { assistant_id } = await client.assistants.create({
      graphId: "factory",
      config: { configurable: { greeting: "Servus" } }
    })
    const { greeting } = Object(await client.runs.wait(null, assistant_id, { input: {} }))
    holds("the assistant's", String(greeting).startsWith("Servus, "), greeting)
  },

  "a node gets its context, as its schema has it": async ({ client }) => {
    const fahrenheit = async (context?: object) =>
      at(
        await client.runs.wait(null, "typed", {
          input: { celsius: 20.123 },
          ...(context !== undefined && { context })
        }),
        "fahrenheit"
      )
    same("without", await fahrenheit(), 68.2)
    same("with three digits", await fahrenheit({ digits: 3 }), 68.221)
  },

  "a graph that is not compiled yet": async ({ client }) => {
    const values = await client.runs.wait(null, "chat", { input: { messages: "hallo" } })
    same("messages", at(values, "messages", 1, "content"), "1: hallo")
  }
})
