import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { ask, origin, send, world } from "./http-world.ts"

const graph = encodeURIComponent("a b.\"c")

const tags = Effect.fnUntraced(function*(name: string, init: RequestInit = {}) {
  const response = yield* send(`/ui/${graph}`, { method: "POST", body: JSON.stringify({ name }), ...init })
  return { response, text: yield* Effect.promise(() => response.text()) }
})

layer(world())("components over HTTP", (it) => {
  it.effect("a component's tags name the files by the address that the request came to", () =>
    Effect.gen(function*() {
      const { response, text } = yield* tags("card")
      const here = yield* origin
      assert.strictEqual(
        text,
        `<link rel="stylesheet" href="${here}/ui/a%20b.%22c/entrypoint.css" />\n`
          + `<script src="${here}/ui/a%20b.%22c/entrypoint.js" `
          + "onload='__LGUI_a_b__c.render(\"card\", \"{{shadowRootId}}\")'></script>"
      )
      // Not as a page: what is in it may be a model's words.
      assert.strictEqual(response.headers.get("content-type"), "text/plain; charset=UTF-8")
    }))

  it.effect("a name that a graph has made up gets nothing into the page but itself", () =>
    Effect.gen(function*() {
      const name = "it's &quot; \" onerror='alert(1)' </script><script>alert(2)</script>"
      const { text } = yield* tags(name)
      const [, onload = ""] = /onload='([^']*)'><\/script>$/.exec(text) ?? []
      const decoded = onload.replaceAll("&#39;", "'").replaceAll("&amp;", "&")
      assert.strictEqual(decoded, `__LGUI_a_b__c.render(${JSON.stringify(name)}, "{{shadowRootId}}")`)
    }))

  it.effect("whoever asks wants a token, and says which component", () =>
    Effect.gen(function*() {
      const { response } = yield* tags("card", { headers: { authorization: "" } })
      assert.strictEqual(response.status, 401)
      const nameless = yield* ask("POST", `/ui/${graph}`, {})
      assert.deepStrictEqual([nameless.status, Object(nameless.json).detail[0].loc], [422, ["body", "name"]])
      assert.strictEqual((yield* ask("POST", `/ui/${graph}`, "{")).status, 400)
    }))

  it.effect("what is not there, and what could not be built, is 404 in words", () =>
    Effect.gen(function*() {
      const answers = [
        yield* ask("POST", "/ui/nobody", { name: "card" }),
        // An assistant's id, whose graph's components could not be built.
        yield* ask("POST", "/ui/mine", { name: "card" }),
        yield* ask("GET", `/ui/${graph}/entrypoint.map`),
        yield* ask("GET", "/ui/nobody/entrypoint.js")
      ]
      assert.deepStrictEqual(answers.map(({ json, status }) => [status, json]), [
        [404, { detail: "Assistant \"nobody\" not found" }],
        [404, { detail: "UI of agent \"agent\" failed to build; the server's log says why" }],
        [404, { detail: "File not found" }],
        [404, { detail: "UI not found for agent \"nobody\"" }]
      ])
    }))

  it.effect("a file is sent to anybody, as what it is", () =>
    Effect.gen(function*() {
      const types = { js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8" }
      for (const [ending, type] of Object.entries(types)) {
        const file = yield* send(`/ui/${graph}/entrypoint.${ending}`, { headers: { authorization: "" } })
        assert.strictEqual(file.headers.get("content-type"), type)
        assert.strictEqual(file.headers.get("x-content-type-options"), "nosniff")
        assert.strictEqual(yield* Effect.promise(() => file.text()), `entrypoint.${ending} ü`)
      }
      const picture = yield* send(`/ui/${graph}/dot.png`, { headers: { authorization: "" } })
      assert.strictEqual(picture.headers.get("content-type"), "image/png")
    }))
})
