import { decoded } from "./UrlUser.ts"

/** Where in a URL tokens hide: who asks, and what comes after its path. */
export type UrlPart = "user" | "query" | "fragment"

/** What is to stand at a place of a URL; null: nothing. */
type Replace = (secret: string, part: UrlPart) => string | null

interface UrlParts {
  readonly scheme: string
  readonly where: string
  readonly user: string | undefined
  readonly query: string | undefined
  readonly fragment: string | undefined
}

/** As URLs are usually written. A user ends with the last `@` before the path. */
const usual = /^([a-z][a-z\d+.-]*:\/\/)(?:([^/?#\\]*)@)?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/is

const partsOf = (url: string): UrlParts | undefined => {
  const [, scheme, user, where, query, fragment] = usual.exec(url) ?? []
  if (scheme === undefined || where === undefined || !URL.canParse(scheme + where)) return undefined
  const { hash, host, password, search, username } = new URL(scheme + where)
  if (host === "" || hash + password + search + username !== "") return undefined
  const plain = query !== undefined && query !== "" && isPlain(query)
  return plain
    ? { scheme, where: `${where}?${query}`, user, query: undefined, fragment }
    : { scheme, where, user, query, fragment }
}

/** Names of what lets somebody in. */
const credential = /key|token|secret|pass|pwd|^pw$|pin$|auth|sig|cred|session|jwt|bearer|code/i
/** A word, some words, a small number: `read_only=true`, `tools=search,fetch`, `v=2`. Keys are drawn from more letters. */
const plainValue = /^(?:[a-z]{1,24}(?:[_,][a-z]{1,24})*|\d{1,9})?$/

const plainName = /^[a-z][a-z_.-]{0,31}\d{0,2}$/i

/** A query that nothing hides in: whoever looks for a secret finds a setting. In doubt it is one. */
const isPlain = (query: string): boolean =>
  query.split("&").every((pair) => {
    const [name = "", ...values] = pair.split("=")
    const value = values.length === 0 ? name : values.join("=")
    return plainName.test(name) && !credential.test(name) && plainValue.test(value)
  })

const withMark = (text: string | null, before: string, after: string): string =>
  text === null ? "" : `${before}${text}${after}`

/**
 * A URL with something else in the places where it hides something; as it is written, if it hides nothing. Nothing: it
 * is no URL of a server, and whatever it is, a secret may be anywhere in it.
 */
export const mapUrlSecrets = (url: string, replace: Replace): string | undefined => {
  // Of a spelling that only browsers understand (`https:/user:secret@host`) what they make of it is gone by.
  const parts = partsOf(url) ?? (URL.canParse(url) ? partsOf(new URL(url).href) : undefined)
  if (parts === undefined) return undefined
  const replaced = (part: UrlPart) => {
    const secret = parts[part] ?? null
    return secret === null || secret === "" ? secret : replace(secret, part)
  }
  if ([parts.user, parts.query, parts.fragment].every((secret) => (secret ?? "") === "")) return url
  return parts.scheme + withMark(replaced("user"), "", "@") + parts.where + withMark(replaced("query"), "?", "")
    + withMark(replaced("fragment"), "#", "")
}

/** Shorter ones are words of their own: `v=2`, `mode=tools`. */
const leastValue = 8

/** The texts in which a part's secret may turn up again: whoever asks may repeat the password alone, or one value. */
export const textsOf = (secret: string, part: UrlPart): ReadonlyArray<string> => {
  if (part === "fragment") return [secret]
  const values = part === "user"
    ? [secret.slice(secret.indexOf(":") + 1)]
    : secret.split("&").map((pair) => pair.slice(pair.indexOf("=") + 1)).filter(({ length }) => length >= leastValue)
  return [...new Set([secret, ...values, ...values.map(decoded)])]
}

/** All of them, of a whole URL. */
export const urlTexts = (url: string): ReadonlyArray<string> => {
  const texts: Array<string> = []
  mapUrlSecrets(url, (secret, part) => {
    texts.push(...textsOf(secret, part))
    return secret
  })
  return texts
}
