import { Schema } from "effect"
import { canonicalJson, type JsonObject } from "./Json.ts"
import { mapUrlSecrets } from "./UrlSecrets.ts"
import { saysWhoAsks } from "./UrlUser.ts"

/** A server that an agent may use. `tools` filters by tool name; `headers` are a caller's own, never a synced agent's. */
export const McpServer = Schema.Struct({
  name: Schema.NonEmptyString,
  url: Schema.NonEmptyString,
  auth_required: Schema.optionalKey(Schema.Boolean),
  tools: Schema.optionalKey(Schema.NullOr(Schema.Array(Schema.String))),
  headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})
export type McpServer = typeof McpServer.Type

/** By all that makes its answer different, beside a token; the name does not, by which each agent may call it otherwise. */
export const serverKey = ({ auth_required = false, headers = {}, tools = null, url }: McpServer): string =>
  canonicalJson({ url, auth_required, headers, tools })

/** What there is to say who asks a server. Only one from the agents' database is told the caller's token. */
interface Credentials {
  readonly trusted: boolean
  readonly token: boolean
}

/** Who asks a server by what it is told: its caller, whoever its headers name, anybody, or `nobody`: it is not asked. */
export const whoAsks = (
  { auth_required = false, headers = {} }: McpServer,
  { token, trusted }: Credentials
): "caller" | "headers" | "anybody" | "nobody" => {
  if (!auth_required) return "anybody"
  if (trusted && token) return "caller"
  return saysWhoAsks(headers) ? "headers" : "nobody"
}

export const McpConfig = Schema.Struct({ servers: Schema.Array(McpServer) })

/** A row of `mcp_tools`, where `tool_name` names a server. */
export interface McpToolRow {
  readonly tool_name: string
  readonly endpoint_url: string | null
  readonly auth_required: boolean
}

const byText = (left: string, right: string): number => left < right ? -1 : left > right ? 1 : 0

/** Rows grouped by URL, servers in the order of their URLs, authorised if any row says so (contract 2). */
export const mcpConfig = (rows: ReadonlyArray<McpToolRow>): JsonObject => {
  const servers = new Map<string, { names: Array<string>; auth: boolean }>()
  for (const { auth_required, endpoint_url, tool_name } of rows) {
    if (endpoint_url === null || endpoint_url.trim() === "") continue
    const server = servers.get(endpoint_url) ?? { names: [], auth: false }
    servers.set(endpoint_url, { names: [...server.names, tool_name], auth: server.auth || auth_required })
  }
  return {
    servers: [...servers].sort(([left], [right]) => byText(left, right)).map(([url, { auth, names }]) => ({
      name: names.sort(byText)[0] ?? url,
      url,
      auth_required: auth
    }))
  }
}

/** Where the server really listens: `/mcp` is appended unless the path ends in `/mcp` or `/sse` already (contract 5). */
export const mcpEndpoint = (url: string): URL => {
  const endpoint = new URL(url)
  const path = endpoint.pathname.replace(/\/+$/, "")
  endpoint.pathname = /\/(mcp|sse)$/.test(path) ? path : `${path}/mcp`
  return endpoint
}

/** A URL as it may be logged: no userinfo, query or fragment, where tokens hide. */
export const printableUrl = (url: string): string => {
  if (!URL.canParse(url)) return "(malformed URL)"
  const { host, pathname, protocol } = new URL(url)
  // `user:secret@host/mcp`, its scheme forgotten, is a URL of scheme `user:` that has no host.
  if (host === "") return "(malformed URL)"
  return `${protocol}//${host}${pathname}`
}

/** A URL as it may be shown: where something of it is not to be seen, that there is something is. */
export const maskedUrl = (url: string): string => mapUrlSecrets(url, () => "***") ?? printableUrl(url)
