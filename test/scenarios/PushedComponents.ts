import type { UIMessage } from "@langchain/langgraph-sdk/react-ui"
import { assert } from "vitest"
import { ask, detailOf } from "../support/Ask.ts"
import { newerClient } from "../support/NewerClient.ts"
import type { Scenarios } from "../support/Scenarios.ts"

/** As the reference has them, to the letter. */
const tagsOf = (url: string, name: string) => {
  const { host } = new URL(url)
  return [
    `<link rel="stylesheet" href="http://${host}/ui/cards/entrypoint.css" />`,
    `<script src="http://${host}/ui/cards/entrypoint.js" onload='__LGUI_cards.render("${name}", "{{shadowRootId}}")'></script>`
  ].join("\n")
}

interface Values {
  readonly title: string
  readonly ui: ReadonlyArray<UIMessage>
}

/** Components of an operator's own, that a graph of theirs pushes into the page. */
export const pushedComponents = {
  "the page gets the tags of a component by the graph's name, from either SDK": async (world) => {
    const older = await world.client("member")["~ui"].getComponent("cards", "card")
    assert.strictEqual(older, tagsOf(world.url, "card"))
    assert.strictEqual(await newerClient(world, "otherOrganisation")["~ui"].getComponent("cards", "card"), older)
  },

  "an assistant's id will do, for whoever sees the assistant": async (world) => {
    const { assistants } = world.client("member")
    const mine = await assistants.create({ graphId: "cards" })
    const graphs = await assistants.get("cards")
    for (const { assistant_id } of [mine, graphs]) {
      const answer = await ask(world, "member", `POST /ui/${assistant_id}`, { name: "card" })
      assert.deepEqual([answer.status, answer.text], [200, tagsOf(world.url, "card")])
    }
    const route = `POST /ui/${mine.assistant_id}`
    const stranger = await ask(world, "admin", route, { name: "card" })
    const missing = await ask(world, "admin", "POST /ui/no-such", { name: "card" })
    assert.deepEqual([stranger.status, missing.status], [404, 404])
    assert.strictEqual(detailOf(stranger), detailOf(missing).replace("no-such", mine.assistant_id))
    assert.strictEqual((await ask(world, undefined, route, { name: "card" })).status, 401)
  },

  "a graph without components has none": async (world) => {
    const answer = await ask(world, "member", "POST /ui/echo", { name: "card" })
    assert.deepEqual([answer.status, detailOf(answer)], [404, "UI not found for agent \"echo\""])
  },

  "a browser loads what the tags name, without a token": async (world) => {
    const script = await ask(world, undefined, "GET /ui/cards/entrypoint.js")
    assert.strictEqual(script.headers.get("content-type"), "text/javascript; charset=utf-8")
    assert.match(script.text, /^var __LGUI_cards = /)
    const styles = await ask(world, undefined, "GET /ui/cards/entrypoint.css")
    assert.strictEqual(styles.headers.get("content-type"), "text/css; charset=utf-8")
    assert.include(styles.text, ".card {")
    // Tailwind has looked where the components are.
    assert.include(styles.text, ".underline {")
    for (const path of ["cards/ui.tsx", "cards/..%2Flanggraph.json", "cards/%2e%2e%2fcards.ts", "echo/entrypoint.js"]) {
      assert.strictEqual((await ask(world, undefined, `GET /ui/${path}`)).status, 404, path)
    }
  },

  "what a graph pushes comes as it is pushed, and stays in its state": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    const custom: Array<unknown> = []
    const stream = runs.stream(thread_id, "cards", { input: { title: "First" }, streamMode: ["custom", "values"] })
    for await (const { data, event } of stream) if (event === "custom") custom.push(data)
    const [pushed] = custom
    assert.nestedPropertyVal(pushed, "props.title", "First")
    assert.deepEqual(custom.map((event) => Object(event).type), ["ui", "ui", "ui", "remove-ui"])
    const { values } = await threads.getState<Values>(thread_id)
    const [card, ...others] = values.ui
    assert.lengthOf(others, 0, "what was taken away is gone")
    assert.deepInclude(card, { type: "ui", name: "card", props: { title: "First", body: "added" } })
    assert.strictEqual(card?.id, Object(pushed).id)
    assert.strictEqual(card?.metadata?.run_id, (await runs.list(thread_id))[0]?.run_id)
  }
} satisfies Scenarios
