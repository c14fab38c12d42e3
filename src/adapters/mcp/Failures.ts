import { OutboundRefused } from "../../ports/Outbound.ts"

export const timedOut = "timed out"
export const closed = "connection closed"

/** What stands in the way, by the code of node's or the protocol's error. Nothing a server said: it may echo a token. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ENOTFOUND: "host name not found",
  EAI_AGAIN: "host name not found",
  ETIMEDOUT: "connection timed out",
  UND_ERR_CONNECT_TIMEOUT: "connection timed out",
  UND_ERR_SOCKET: closed,
  ERR_INVALID_URL: "malformed URL",
  CERT_HAS_EXPIRED: "TLS certificate expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "TLS certificate not trusted",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "TLS certificate not trusted"
}

/** Ours, for an answer that was lost with its connection: no code of HTTP's or of the protocol's. */
export const connectionLost = -1001

/** HTTP's status or JSON-RPC's error code. */
const ofNumber = (code: number): string => {
  if (code === 401 || code === 403) return `not authorised (HTTP ${code})`
  if (code >= 100 && code < 600) return `HTTP ${code}`
  if (code === -32001) return timedOut
  if (code === connectionLost) return closed
  return code <= -32000 ? `protocol error ${code}` : "unexpected answer"
}

/** Why a server failed, in words that are safe in a log, on a run and before a model. */
export const reasonOf = (error: unknown): string => {
  if (error instanceof OutboundRefused) return error.message
  if (!(error instanceof Error)) return "unknown failure"
  if (error.name === "TimeoutError") return timedOut
  if ("code" in error && typeof error.code === "number") return ofNumber(error.code)
  if ("code" in error && typeof error.code === "string" && Object.hasOwn(words, error.code)) {
    return words[error.code] ?? ""
  }
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  if (error.cause instanceof Error) return reasonOf(error.cause)
  return "unexpected answer"
}
