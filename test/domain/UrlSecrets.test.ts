import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { mapUrlSecrets, urlTexts } from "../../src/domain/UrlSecrets.ts"

const masked = (url: string) => mapUrlSecrets(url, () => "***")

const hidden = fc.stringMatching(/^[a-zA-Z0-9:@%&=+~!$'()*,;_.-]{0,12}$/)

/** Spellings that a browser reads as a URL with a user in it. */
const odd = [
  "https:ann:geheim@a.example/mcp",
  "https:/ann:geheim@a.example/mcp",
  "https:///ann:geheim@a.example/mcp",
  "https:\\\\ann:geheim@a.example/mcp",
  " https://ann:geheim@a.example/mcp",
  "ht\ttps:/\n/ann:geheim@a.example/mcp",
  "https://ann@b:geheim@a.example/mcp",
  "HTTPS://ann:geheim@A.example/mcp",
  "redis://x\\geheim@a.example/mcp"
]

describe("what a URL hides", () => {
  it("can be replaced, part by part, and the rest stays as it is written", () => {
    const url = "https://ann:geheim@A.example:443/x@y/?key=1&b=%20#top"
    assert.strictEqual(masked(url), "https://***@A.example:443/x@y/?***#***")
    assert.strictEqual(mapUrlSecrets(url, (_, part) => part === "query" ? "k" : null), "https://A.example:443/x@y/?k")
    for (const plain of ["https://A.example", "https://a.example/?", "https://@a.example/#"]) {
      assert.strictEqual(masked(plain), plain)
    }
  })

  it("is found however the URL is spelled", () => {
    for (const url of odd) {
      assert.match(masked(url) ?? "", /\/\/\*\*\*@a\.example\/mcp$/i, url)
      assert.notInclude(masked(url) ?? "", "geheim", url)
    }
  })

  it("is not in a query that only sets something, and is wherever that is in doubt", () => {
    const plain = ["read_only=true", "project_ref=abcdefghijklmnopqrst&v=2", "tools=search,fetch_page", "debug"]
    for (const query of plain) {
      assert.strictEqual(masked(`https://a.example/mcp?${query}`), `https://a.example/mcp?${query}`)
      assert.strictEqual(masked(`https://ann:x@a.example/mcp?${query}#top`), `https://***@a.example/mcp?${query}#***`)
    }
    const doubtful = [
      "key=geheim",
      "apiKey=geheim",
      "pw=geheim",
      "x=Geheim",
      "x=geheim1",
      "x=geheim%20",
      "x=a@b",
      "a=b&token=geheim",
      `x=${"g".repeat(25)}`,
      "x=1234567890",
      "x=geheim=geheim1",
      "Geheim",
      "***",
      "a1b2c3=",
      "a&&b"
    ]
    for (const query of doubtful) {
      assert.strictEqual(masked(`https://a.example/mcp?${query}`), "https://a.example/mcp?***", query)
    }
  })

  it("comes back as it was", () => {
    fc.assert(fc.property(hidden, hidden, hidden, (user, query, fragment) => {
      const url = `https://${user}@a.example/x?${query}#${fragment}`
      const secrets = new Map<string, string>()
      const shown = mapUrlSecrets(url, (secret, part) => {
        secrets.set(part, secret)
        return "***"
      }) ?? ""
      const back = mapUrlSecrets(shown, (_, part) => secrets.get(part) ?? null) ?? ""
      assert.strictEqual(new URL(back).href, new URL(url).href)
      assert.strictEqual(masked(shown), shown)
      assert.strictEqual(shown, masked(url))
    }))
  })

  it("is anything, where nothing listens at it", () => {
    for (const text of ["ann:geheim@a.example", "data:,geheim", "geheim", "https://", "***"]) {
      assert.isUndefined(masked(text), text)
    }
  })
})

describe("texts in which a URL's secrets turn up", () => {
  it("are its parts, its password and its longer values, as written and as meant", () => {
    assert.deepStrictEqual(urlTexts("https://ann:p%40ssword@a.example/?key=long%20value&v=2#top"), [
      "ann:p%40ssword",
      "p%40ssword",
      "p@ssword",
      "key=long%20value&v=2",
      "long%20value",
      "long value",
      "top"
    ])
    assert.deepStrictEqual(urlTexts("https://token@a.example/"), ["token"])
    assert.isEmpty(urlTexts("https://a.example/"))
  })
})
