import type { JsonObject } from "./Json.ts"

const credentialHeaders = new Set(["x-api-key", "x-tenant-id", "x-service-key", "x-supabase-access-token"])
const credentialWords =
  /token|secret|key|auth|cookie|password|passwd|pwd|credential|session|jwt|oidc|saml|bearer|signature/
/** Authorisation and JSON Web Tokens, under whatever name a proxy or a client sends them. */
const credentialValue = /^\s*(bearer|basic)\s|\beyJ[\w-]+\.[\w-]+\./i

/** The `x-*` headers that may configure a run: none that routes, and none that carries a credential. */
export const configurableHeaders = (headers: Readonly<Record<string, string>>): JsonObject =>
  Object.fromEntries(
    Object.entries(headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name, value]) =>
        name.startsWith("x-") && !name.startsWith("x-forwarded-") && !credentialHeaders.has(name)
        && !credentialWords.test(name) && !credentialValue.test(value)
      )
  )
