import { at, holds, listOf, refused, same } from "../Expect.ts"
import { differs, group } from "../Row.ts"

const addresses = (tags: string) => [...tags.matchAll(/ (?:href|src)="([^"]*)"/g)].map(([, url = ""]) => url)

export const ui = group("ui", {
  "a graph's component comes as tags, which name its files and render it": async ({ client }) => {
    const tags = await client["~ui"].getComponent("cards", "card")
    same("tags", tags.split("\n").map((tag) => /^<\w+/.exec(tag)?.[0]), ["<link", "<script"])
    holds("it is rendered", tags.endsWith(`onload='__LGUI_cards.render("card", "{{shadowRootId}}")'></script>`), tags)
  },

  "the files are there for whoever has no token, as browsers load them": async ({ client }) => {
    const [styles = "", script = ""] = addresses(await client["~ui"].getComponent("cards", "card"))
    const loaded = async (url: string) => {
      const response = await fetch(url)
      return { status: response.status, type: response.headers.get("content-type"), text: await response.text() }
    }
    const css = await loaded(styles)
    same("styles", [css.status, css.type], [200, "text/css; charset=utf-8"])
    holds("its own styles", css.text.includes(".card {"))
    holds("Tailwind's", css.text.includes("@layer theme"))
    const js = await loaded(script)
    same("script", [js.status, js.type], [200, "text/javascript; charset=utf-8"])
    holds("it is named after the graph", js.text.startsWith("var __LGUI_cards = "))
    holds("it has no React of its own", js.text.includes("__require(\"react/jsx-runtime\")"))
  },

  "which components there are is not looked at": async ({ answers }) => {
    const { text } = await answers(200, "/ui/cards", { body: { name: "no such component" } })
    holds("tags", text.includes("render(\"no such component\","), text)
  },

  "what has no components is 404": async ({ answers, client }) => {
    await refused(client["~ui"].getComponent("echo", "card"), 404)
    await answers(404, "/ui/cards/no-such.js", { as: "nobody" })
    await answers(404, "/ui/echo/entrypoint.js", { as: "nobody" })
  },

  "a component without a name is 422": differs(
    "422 with a list of what is wrong and where, for whatever does not fit.",
    async ({ answers }) => {
      const { json } = await answers(422, "/ui/cards", { body: {} })
      same("loc", at(json, "detail", 0, "loc"), ["body", "name"])
    }
  ),

  "an assistant's id stands for its graph": differs(
    "Pages ask by the assistant that they talk to, which the hook hands on.",
    async ({ client }) => {
      const { assistant_id } = await client.assistants.create({ graphId: "cards" })
      const tags = await client["~ui"].getComponent(assistant_id, "card")
      holds("its graph's", tags.includes("__LGUI_cards.render"), tags)
    }
  ),

  "a component's name stays a name, whatever is in it": differs(
    "A graph may take it from a model, and it would run in the page.",
    async ({ answers }) => {
      const { text } = await answers(200, "/ui/cards", { body: { name: "' onerror='alert(1)" } })
      const onload = / onload='([^']*)'/.exec(text)?.[1]
      holds("nothing else in the tag", onload?.endsWith("\"{{shadowRootId}}\")") === true, text)
    }
  ),

  "what a graph pushes is told as it is pushed, and kept in its state": async ({ client, thread }) => {
    const thread_id = await thread()
    const custom: Array<unknown> = []
    const stream = client.runs.stream(thread_id, "cards", {
      input: { title: "First" },
      streamMode: ["custom", "values"]
    })
    for await (const { data, event } of stream) if (event === "custom") custom.push(data)
    same("told", custom.map((told) => at(told, "type")), ["ui", "ui", "ui", "remove-ui"])
    const { values } = await client.threads.getState(thread_id)
    const kept = listOf("ui", at(values, "ui"))
    same("kept", kept.map((card) => at(card, "props")), [{ title: "First", body: "added" }])
    same("id", at(kept, 0, "id"), at(custom, 0, "id"))
    same("run_id", at(kept, 0, "metadata", "run_id"), at(await client.runs.list(thread_id), 0, "run_id"))
  }
})
