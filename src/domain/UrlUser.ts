import { Base64 } from "effect/encoding"

/** Text of a URL as it was meant; as it is written, if it is no code. */
export const decoded = (text: string): string => {
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
}

/** fetch takes no URL with a user in it: that is Basic authentication, and sent as such. */
export const withoutUser = (named: URL): UrlUser => {
  const url = new URL(named)
  const user = `${decoded(url.username)}:${decoded(url.password)}`
  url.username = ""
  url.password = ""
  return { url, headers: user === ":" ? {} : { authorization: `Basic ${Base64.encode(user)}` } }
}

/** Whether headers say already who asks. */
export const saysWhoAsks = (headers: Readonly<Record<string, string>>): boolean =>
  Object.keys(headers).some((name) => name.toLowerCase() === "authorization")
