import { Base64 } from "effect/encoding"

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A URL as it may be asked for, and who asks, if it names somebody. */
export interface UrlUser {
  readonly url: URL
  /** A header that says so. */
  readonly headers: Readonly<Record<string, string>>
  /** What of it is secret, in plain text; empty: nothing. */
  readonly password: string
}

/** fetch takes no URL with a user in it: that is Basic authentication, and sent as such. */
export const withoutUser = (named: URL): UrlUser => {
  const url = new URL(named)
  const password = decoded(url.password)
  const user = `${decoded(url.username)}:${password}`
  url.username = ""
  url.password = ""
  return { url, headers: user === ":" ? {} : { authorization: `Basic ${Base64.encode(user)}` }, password }
}

/** Whether headers say already who asks. */
export const saysWhoAsks = (headers: Readonly<Record<string, string>>): boolean =>
  Object.keys(headers).some((name) => name.toLowerCase() === "authorization")
