import type { Doctored, Explained, PasswordSignIn, Person, Run, RunRecord, Thread, Version } from "./answers.ts"

/** The server said no, or could not be asked at all (status 0). */
export class ApiError extends Error {
  override readonly name = "ApiError"
  readonly status: number
  constructor(status: number, detail: string) {
    super(detail)
    this.status = status
  }
}

/** `detail` is a sentence, or of what is wrong with a request a list. */
const told = (detail: unknown, status: number): string => {
  if (typeof detail === "string") return detail
  if (!Array.isArray(detail)) return `The server answered with status ${status}.`
  return detail.map(({ loc, msg }) => `${Array.isArray(loc) ? loc.join(".") : "request"}: ${msg}`).join("; ")
}

const failure = async (response: Response): Promise<ApiError> => {
  const body: unknown = await response.json().catch(() => null)
  const detail = typeof body === "object" && body !== null && "detail" in body ? body.detail : null
  return new ApiError(response.status, told(detail, response.status))
}

const ask = async (path: string, init: RequestInit): Promise<Response> => {
  const response = await fetch(path, init).catch((error: unknown) => {
    if (init.signal?.aborted === true) throw error
    throw new ApiError(0, "The server can't be reached.")
  })
  if (!response.ok) throw await failure(response)
  return response
}

/** Of JSON nothing is checked: page and server are built from the same sources, and these are the server's own types. */
const json = async <A>(response: Response): Promise<A> => response.json()

/** What can be asked without being anybody. */
export const openApi = {
  /** Nobody, where the server is no demo. */
  people: (): Promise<ReadonlyArray<Person>> =>
    ask("/demo/people", {}).then(json<ReadonlyArray<Person>>).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404) return []
      throw error
    }),

  passwordSignIn: async (): Promise<PasswordSignIn | null> => {
    const info = await json<{ readonly supabase?: PasswordSignIn | null }>(await ask("/info", {}))
    return info.supabase ?? null
  },

  /** Asked of Supabase, not of us. */
  tokenFor: async ({ anon_key, url }: PasswordSignIn, email: string, password: string): Promise<string> => {
    const response = await fetch(`${url}/auth/v1/token?grant_type=password`, {
      method: "POST",
      headers: { apikey: anon_key, "content-type": "application/json" },
      body: JSON.stringify({ email, password })
    }).catch(() => {
      throw new ApiError(0, "The sign-in service can't be reached.")
    })
    if (response.status === 400) throw new ApiError(400, "E-mail address and password don't match.")
    if (!response.ok) throw await failure(response)
    return (await json<{ readonly access_token: string }>(response)).access_token
  }
}

interface Listeners {
  /** Since when the answers are not the agents' present state; null: they are. */
  readonly onStaleSince: (since: string | null) => void
}

/** Answers to these always look at the agents' tables: without the header they are fresh. */
const looksAtAgents = /^\/(doctor|assistants\/[^/]+\/explain)$/

const staleHeader = "throughline-stale-since"

export interface DoctorQuestion {
  readonly agent_ids?: ReadonlyArray<string>
  readonly name?: string
  readonly dry_run?: boolean
  readonly limit?: number
  readonly offset?: number
}

export interface Found<A> {
  readonly items: ReadonlyArray<A>
  readonly total: number
}

/** What the page asks as somebody: every path is in /openapi.json. */
export const apiAs = (token: string, { onStaleSince }: Listeners) => {
  const request = async (method: string, path: string, body?: object, signal?: AbortSignal): Promise<Response> => {
    const response = await ask(path, {
      method,
      signal: signal ?? null,
      headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) })
    })
    const since = response.headers.get(staleHeader)
    if (since !== null || looksAtAgents.test(path)) onStaleSince(since)
    return response
  }
  const post = <A>(path: string, body: object, signal?: AbortSignal) =>
    request("POST", path, body, signal).then(json<A>)
  const get = <A>(path: string, signal?: AbortSignal) => request("GET", path, undefined, signal).then(json<A>)
  const found = async <A>(path: string, body: object, signal?: AbortSignal): Promise<Found<A>> => {
    const response = await request("POST", path, body, signal)
    const items = await json<ReadonlyArray<A>>(response)
    return { items, total: Number(response.headers.get("x-pagination-total") ?? items.length) }
  }
  const id = encodeURIComponent

  return {
    doctor: (question: DoctorQuestion, signal?: AbortSignal) => post<Doctored>("/doctor", question, signal),
    /** With what a run's body would say, or without anything. */
    explain: (assistant: string, run: object, signal?: AbortSignal) =>
      post<Explained>(`/assistants/${id(assistant)}/explain`, run, signal),
    versions: (assistant: string, limit: number, signal?: AbortSignal) =>
      post<ReadonlyArray<Version>>(`/assistants/${id(assistant)}/versions`, { limit }, signal),
    runs: (
      search: { readonly assistant_id?: string; readonly limit: number; readonly offset: number },
      signal?: AbortSignal
    ) => found<Run>("/runs/search", search, signal),
    record: (thread: string, run: string, signal?: AbortSignal) =>
      get<RunRecord>(`/threads/${id(thread)}/runs/${id(run)}/record`, signal),
    cancel: (thread: string, run: string) => request("POST", `/threads/${id(thread)}/runs/${id(run)}/cancel`, {}),
    threads: (assistant: string, signal?: AbortSignal) =>
      post<ReadonlyArray<Thread & { readonly extracted?: { readonly first: unknown } }>>("/threads/search", {
        metadata: { assistant_id: assistant },
        limit: 20,
        sort_by: "updated_at",
        select: ["thread_id", "updated_at", "status"],
        extract: { first: "values.messages[0].content" }
      }, signal),
    threadRuns: (thread: string, signal?: AbortSignal) =>
      get<ReadonlyArray<Run>>(`/threads/${id(thread)}/runs?limit=5`, signal)
  }
}

export type Api = ReturnType<typeof apiAs>
