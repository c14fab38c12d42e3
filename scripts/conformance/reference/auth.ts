import { v5 } from "@langchain/core/utils/uuid"
import { Auth, HTTPException } from "@langchain/langgraph-sdk/auth"

/** Every token is its user's name. */
const users = new Set(["user", "other", "admin"])

/** The namespace of default assistants' ids. */
const graphs = "6ba7b821-9dad-11d1-80b4-00c04fd430c8"
const defaults = new Set(["agent", "echo", "hitl", "nested", "memory", "chat", "typed"].map((name) => v5(name, graphs)))

/**
 * What the reference's documentation advises: whatever is made gets its owner as metadata, and whatever is asked for is
 * filtered by it. The graphs' default assistants are everybody's.
 */
export const auth = new Auth()
  .authenticate((request) => {
    const identity = (request.headers.get("authorization") ?? "").replace(/^Bearer /, "")
    if (!users.has(identity)) throw new HTTPException(401, { message: "Unauthorized" })
    return { identity, permissions: [] }
  })
  .on("*", ({ event, user, value }) => {
    const owner = { owner: user.identity }
    if (event.startsWith("store:")) return undefined
    const { assistant_id, metadata } = Object(value)
    if (event === "assistants:read" && defaults.has(assistant_id)) return undefined
    if (event.endsWith(":create") || event === "threads:create_run") {
      Object.assign(value, { metadata: { ...metadata, ...owner } })
    }
    return owner
  })
