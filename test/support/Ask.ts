import type { Person, Throughline } from "./Throughline.ts"

export type Verb = "GET" | "POST" | "PUT" | "PATCH" | "DELETE"

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

const beginningOf = async ({ body }: Response): Promise<string> => {
  const reader = body?.getReader()
  const { value } = await reader?.read() ?? {}
  await reader?.cancel()
  return new TextDecoder().decode(value)
}

/** A bare request (`GET /threads/…`), and the whole answer: what the SDK would hide, or could not send. */
export const ask = async (
  world: Pick<Throughline, "fetch">,
  person: Person | undefined,
  route: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
  /** Of an answer that has no end the beginning is read. */
  endless = false
): Promise<Answer> => {
  const [method = "GET", path = "/"] = route.split(" ")
  const response = await world.fetch(person, path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  const text = endless && response.ok ? await beginningOf(response) : await response.text()
  return { status: response.status, headers: response.headers, text }
}

/** What an answer holds, in the shape that the test expects it in. */
export const json = <T>({ text }: Pick<Answer, "text">): T => JSON.parse(text)

/** What a refusal says. */
export const detailOf = (answer: Answer): string => String(json<{ readonly detail: unknown }>(answer).detail)
