import { at, holds, keys, same } from "../Expect.ts"
import { differs, group } from "../Row.ts"

export const meta = group("meta", {
  "/ok": async ({ answers }) => {
    same("ok", at((await answers(200, "/ok")).json, "ok"), true)
  },

  "/info tells the version and what there is": async ({ answers }) => {
    const { json } = await answers(200, "/info")
    keys("info", json, ["version", "flags"])
    same("flags.assistants", at(json, "flags", "assistants"), true)
  },

  "/info says that there are crons": differs("There are.", async ({ answers }) => {
    same("flags.crons", at((await answers(200, "/info")).json, "flags", "crons"), true)
  }),

  "an unknown route is 404": async ({ answers }) => {
    await answers(404, "/nope")
    await answers(404, "/nope", { body: {} })
  },

  "/docs, /openapi.json and /metrics": differs("Operators and curious people ask for them.", async ({ answers }) => {
    for (const route of ["/docs", "/openapi.json", "/metrics", "/live", "/ready", "/health"]) await answers(200, route)
  }),

  "browsers may ask from anywhere": async ({ ask }) => {
    const { headers, status } = await ask("/threads", {
      method: "OPTIONS",
      as: "nobody",
      headers: {
        origin: "http://localhost:3000",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,authorization,x-api-key,last-event-id"
      }
    })
    same("status", status, 204)
    same("origin", headers.get("access-control-allow-origin"), "*")
    for (const header of ["content-type", "authorization", "x-api-key", "last-event-id"]) {
      holds(
        `${header} is allowed`,
        new RegExp(`${header}|\\*`, "i").test(headers.get("access-control-allow-headers") ?? "")
      )
    }
    for (const method of ["PUT", "PATCH", "DELETE"]) {
      holds(`${method} is allowed`, (headers.get("access-control-allow-methods") ?? "").includes(method))
    }
  },

  "browsers may read the headers that the SDK reads": differs(
    "`X-Pagination-Next` and `Location` as well: the SDK looks for them.",
    async ({ ask }) => {
      const { headers } = await ask("/ok", { headers: { origin: "http://localhost:3000" } })
      const exposed = (headers.get("access-control-expose-headers") ?? "").toLowerCase()
      for (const header of ["content-location", "location", "x-pagination-total", "x-pagination-next"]) {
        holds(`${header} is exposed`, exposed.split(/,\s*/).includes(header), exposed)
      }
    }
  ),

  "errors can be read by browsers too": async ({ ask }) => {
    const { headers } = await ask("/threads/00000000-0000-4000-8000-000000000000", {
      headers: { origin: "http://localhost:3000" }
    })
    same("origin", headers.get("access-control-allow-origin"), "*")
  }
})
