import { RunOvertaken } from "../../domain/Run.ts"
import { GraphFailed } from "../../ports/AgentGraphs.ts"
import { OutboundRefused } from "../../ports/Outbound.ts"
import { StorageUnavailable } from "../../ports/StorageUnavailable.ts"

export { secretTexts } from "../../domain/Secrets.ts"

const redacted = "[redacted]"

/** How credentials look: authorisation headers, provider keys, JSON Web Tokens. */
const credentials =
  /\b(Bearer|Basic)\s+[\w.~+/=-]{12,}|\b(sk|pk|rk)-[\w-]{6,}|\bAIza[\w-]{20,}|\beyJ[\w-]+\.[\w-]+\.[\w-]*/g

/** A text without the secrets that are known and without what looks like one. */
export const redact = (text: string, secrets: Iterable<string>): string => {
  let clean = text
  for (const secret of secrets) if (secret.length >= 4) clean = clean.replaceAll(secret, redacted)
  return clean.replace(credentials, redacted)
}

/** An error and what caused it, outermost first. */
const chain = (error: unknown): ReadonlyArray<unknown> =>
  error instanceof Error && error.cause !== undefined && error.cause !== error
    ? [error, ...chain(error.cause)]
    : [error]

/** Many classes of the providers keep `Error` for a name, and say what they are only by their class. */
const kindOf = (error: unknown): string => {
  if (!(error instanceof Error)) return "Error"
  return error.name === "Error" || error.name === "" ? error.constructor.name : error.name
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined

/** What a run says that could not go on. */
export const failure = (
  error: unknown,
  secrets: Iterable<string>
): GraphFailed | RunOvertaken | StorageUnavailable => {
  const causes = chain(error)
  const known = causes.find((cause) =>
    cause instanceof StorageUnavailable || cause instanceof RunOvertaken || cause instanceof GraphFailed
  )
  if (known instanceof StorageUnavailable || known instanceof RunOvertaken || known instanceof GraphFailed) return known
  const refused = causes.find((cause) => cause instanceof OutboundRefused)
  if (refused instanceof OutboundRefused) return new GraphFailed({ error: "OutboundRefused", detail: refused.message })
  const message = error instanceof Error ? error.message : String(error)
  const code = causes.map(codeOf).find((code) => code !== undefined && !message.includes(code))
  const detail = code === undefined || causes.length === 1 ? message : `${message} (${code})`
  return new GraphFailed({ error: kindOf(error), detail: redact(detail, secrets) })
}
