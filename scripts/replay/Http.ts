export interface Answer {
  readonly status: number
  readonly json: unknown
  readonly text: string
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** One person's way to a server. */
export const person =
  (url: string, token: string | undefined) =>
  async (method: "GET" | "POST" | "PATCH", path: string, body?: object): Promise<Answer> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        "content-type": "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await response.text()
    return { status: response.status, text, json: parsed(text) }
  }

export type Person = ReturnType<typeof person>

/** A value somewhere in JSON, or nothing. */
export const at = (json: unknown, ...path: ReadonlyArray<string | number>): unknown =>
  path.reduce<unknown>((value, key) => {
    if (Array.isArray(value) && typeof key === "number") return value.at(key)
    return typeof value === "object" && value !== null
      ? Object.entries(value).find(([name]) => name === key)?.[1]
      : undefined
  }, json)

/** A list somewhere in JSON; what is no list has no items. */
export const list = (json: unknown, ...path: ReadonlyArray<string | number>): ReadonlyArray<unknown> => {
  const value = at(json, ...path)
  return Array.isArray(value) ? value : []
}

/** The events of a stream: their names, and their data as JSON. */
export const events = (stream: string) =>
  stream.split("\n\n").flatMap((frame) => {
    const event = /^event: (.*)$/m.exec(frame)?.[1]
    return event === undefined ? [] : [{ event, data: parsed(/^data: (.*)$/m.exec(frame)?.[1] ?? "") }]
  })
