import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { maskedUrl, McpConfig, mcpConfig, mcpEndpoint, printableUrl, serverKey } from "../../src/domain/McpConfig.ts"
import { mcpToolRow } from "./Arbitraries.ts"

const rows = fc.array(mcpToolRow)
const serversOf = (...args: Parameters<typeof mcpConfig>) =>
  Schema.decodeUnknownSync(McpConfig)(mcpConfig(...args)).servers

describe("mcpConfig", () => {
  it("has a server for each URL, in the order of the URLs", () => {
    fc.assert(fc.property(rows, (rows) => {
      const urls = rows.flatMap(({ endpoint_url }) => endpoint_url === null ? [] : [endpoint_url])
      assert.deepStrictEqual(
        serversOf(rows).map(({ url }) => url),
        [...new Set(urls)].filter((url) => url.trim() !== "").sort()
      )
    }))
  })

  it("takes a server's name and its need of a token from all of its rows", () => {
    fc.assert(fc.property(rows, (rows) => {
      for (const server of serversOf(rows)) {
        const own = rows.filter(({ endpoint_url }) => endpoint_url === server.url)
        assert.strictEqual(server.name, own.map(({ tool_name }) => tool_name).sort()[0])
        assert.strictEqual(server.auth_required, own.some(({ auth_required }) => auth_required))
      }
    }))
  })

  it("does not depend on the order of the rows", () => {
    fc.assert(fc.property(rows, (rows) => assert.deepStrictEqual(mcpConfig(rows.toReversed()), mcpConfig(rows))))
  })
})

describe("what a server is asked", () => {
  const server = { name: "law", url: "https://a.example" }

  it("is the same question whatever it is called, and however what is usual is written", () => {
    const spelled = { ...server, name: "recht", auth_required: false, headers: {}, tools: null }
    assert.strictEqual(serverKey(spelled), serverKey(server))
  })

  it.each([
    ["another URL", { url: "https://b.example" }],
    ["a token", { auth_required: true }],
    ["a header", { headers: { "x-tenant": "1" } }],
    ["a filter", { tools: ["search"] }],
    ["a filter that lets nothing through", { tools: [] }]
  ])("is another one with %s", (_, change) => {
    assert.notStrictEqual(serverKey({ ...server, ...change }), serverKey(server))
  })
})

describe("mcpEndpoint", () => {
  it.each([
    ["https://a.example", "https://a.example/mcp"],
    ["https://a.example/", "https://a.example/mcp"],
    ["https://a.example/mcp", "https://a.example/mcp"],
    ["https://a.example/mcp/", "https://a.example/mcp"],
    ["https://a.example/sse", "https://a.example/sse"],
    ["https://a.example/v1", "https://a.example/v1/mcp"],
    ["https://a.example/v1//", "https://a.example/v1/mcp"],
    ["https://a.example/mcp/v1", "https://a.example/mcp/v1/mcp"],
    ["https://a.example/my-mcp", "https://a.example/my-mcp/mcp"],
    ["https://mcp", "https://mcp/mcp"],
    ["https://a.example/v1?key=/mcp", "https://a.example/v1/mcp?key=/mcp"],
    ["https://a.example/mcp?key=1#top", "https://a.example/mcp?key=1#top"]
  ])("of %s is %s", (url, endpoint) => assert.strictEqual(mcpEndpoint(url).href, endpoint))

  it("of an endpoint is that endpoint", () => {
    fc.assert(fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
      const endpoint = mcpEndpoint(url)
      assert.match(endpoint.pathname, /\/(mcp|sse)$/)
      assert.strictEqual(mcpEndpoint(endpoint.href).href, endpoint.href)
    }))
  })
})

const secret = fc.stringMatching(/^[A-Z]{8}$/)

describe("maskedUrl", () => {
  it("leaves a URL that hides nothing as it is written", () => {
    for (const url of ["https://a.example", "https://a.example/mcp/", "http://127.0.0.1:8080/sse"]) {
      assert.strictEqual(maskedUrl(url), url)
    }
  })

  it("tells that there is userinfo, a query or a fragment, and nothing of it", () => {
    fc.assert(fc.property(secret, (secret) => {
      const shown = maskedUrl(`https://${secret}:${secret}@a.example:8443/mcp?key=${secret}#${secret}`)
      assert.strictEqual(shown, "https://***@a.example:8443/mcp?***#***")
      assert.strictEqual(maskedUrl(`https://a.example/mcp?${secret}`), "https://a.example/mcp?***")
    }))
  })

  it("tells nothing of what is no URL of a server", () => {
    fc.assert(fc.property(secret, (secret) => {
      const typos = [`user:${secret}@a.example/mcp`, secret, `https//:${secret}@a.example`, `data:,${secret}`]
      for (const url of typos) assert.notInclude(maskedUrl(url), secret)
    }))
  })
})

describe("printableUrl", () => {
  it("tells where, and nothing of the userinfo, query or fragment", () => {
    fc.assert(fc.property(secret, (secret) => {
      const url = `https://${secret}:${secret}@a.example:8443/mcp?key=${secret}#${secret}`
      assert.strictEqual(printableUrl(url), "https://a.example:8443/mcp")
    }))
  })

  it("tells nothing of what is no URL of a server", () => {
    fc.assert(fc.property(secret, (secret) => {
      const typos = [`user:${secret}@a.example/mcp`, `${secret}`, `https//:${secret}@a.example`, `data:,${secret}`]
      for (const url of typos) assert.notInclude(printableUrl(url), secret)
    }))
  })
})
