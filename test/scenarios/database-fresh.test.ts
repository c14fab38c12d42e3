import { describe, test } from "vitest"
import { severalAtOnce, worksAtOnce } from "./FreshDatabases.ts"

describe("a database that has nothing of ours", () => {
  test("is worked with at once, on the v1 tables", () => worksAtOnce({ generation: "v1" }))
  test("is worked with at once, on the v2 tables", () => worksAtOnce({ generation: "v2" }))
  test("is migrated once by four servers that start together", severalAtOnce)
})
