import { assert, describe, it } from "@effect/vitest"
import { saysWhoAsks, withoutUser } from "../../src/domain/UrlUser.ts"

const parted = (text: string) => {
  const { headers, url } = withoutUser(new URL(text))
  return [url.href, headers["authorization"] ?? null]
}

const basic = (user: string) => `Basic ${btoa(user)}`

describe("the user in a URL", () => {
  it("is parted from it, as Basic authentication", () => {
    assert.deepStrictEqual(parted("https://ann:p%40ss@a.example/x?y=1"), [
      "https://a.example/x?y=1",
      basic("ann:p@ss")
    ])
    assert.deepStrictEqual(parted("https://token@a.example/"), ["https://a.example/", basic("token:")])
    assert.deepStrictEqual(parted("https://:key@a.example/"), ["https://a.example/", basic(":key")])
    assert.deepStrictEqual(parted("https://a.example/"), ["https://a.example/", null])
  })

  it("is taken as it is written where it is no code", () => {
    assert.deepStrictEqual(parted("https://ann:100%zz@a.example/"), [
      "https://a.example/",
      basic("ann:100%zz")
    ])
  })

  it("gives way to a header, however that is spelled", () => {
    assert.isTrue(saysWhoAsks({ AUTHORIZATION: "x" }))
    assert.isFalse(saysWhoAsks({ "x-authorization": "x" }))
  })
})
