import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query"
import { createContext, type ReactNode, use, useMemo, useState } from "react"
import { type Api, apiAs, ApiError } from "../api.ts"

export interface Session {
  readonly token: string
  readonly api: Api
  /** Who this is, where the token says so. */
  readonly user: string | null
  readonly staleSince: string | null
  /** They have signed in just now, and not come back to a page where they were. */
  readonly signedInHere: boolean
  readonly signOut: () => void
}

interface SessionState {
  readonly session: Session | null
  /** Why somebody has to sign in again. */
  readonly notice: string | null
  readonly signIn: (token: string, name?: string) => void
}

/** In this tab only, and gone with it. */
const places = { token: "throughline.token", name: "throughline.name" }

const kept = () => ({
  token: sessionStorage.getItem(places.token),
  name: sessionStorage.getItem(places.name),
  here: false
})

const forget = () => {
  for (const place of Object.values(places)) sessionStorage.removeItem(place)
}

const SessionContext = createContext<SessionState | null>(null)

/** What the token says of its bearer, for the eye only: the server believes it no further than its signature. */
const userOf = (token: string): string | null => {
  try {
    const payload = token.split(".")[1] ?? ""
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0))
    const { email, sub } = JSON.parse(new TextDecoder().decode(bytes))
    return typeof email === "string" ? email : typeof sub === "string" ? sub : null
  } catch {
    return null
  }
}

const isRefused = (error: unknown) => error instanceof ApiError && error.status === 401

/** One cache a sign-in: nothing that one person was shown is there for the next. */
const cacheThat = (onRefused: () => void) =>
  new QueryClient({
    queryCache: new QueryCache({ onError: (error) => isRefused(error) && onRefused() }),
    defaultOptions: {
      queries: {
        staleTime: 1000,
        retry: (failures, error) =>
          failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 500)
      },
      mutations: { onError: (error) => void (isRefused(error) && onRefused()) }
    }
  })

export const SessionProvider = ({ children }: { readonly children: ReactNode }) => {
  const [{ here, name, token }, setSignedIn] = useState(kept)
  const [notice, setNotice] = useState<string | null>(null)
  const [staleSince, setStaleSince] = useState<string | null>(null)

  const { api, cache } = useMemo(() => {
    const leave = () => {
      // A late answer to somebody who has left is no word about who is there now.
      if (token === null || kept().token !== token) return
      forget()
      setStaleSince(null)
      setSignedIn(kept)
      setNotice("Your token was not accepted: it may have expired. Sign in again to go on where you were.")
    }
    return { api: token === null ? null : apiAs(token, { onStaleSince: setStaleSince }), cache: cacheThat(leave) }
  }, [token])

  const state = useMemo((): SessionState => ({
    notice,
    session: token === null || api === null ? null : {
      token,
      api,
      user: name ?? userOf(token),
      staleSince,
      signedInHere: here,
      signOut: () => {
        forget()
        setNotice(null)
        setStaleSince(null)
        setSignedIn(kept)
      }
    },
    signIn: (given, name) => {
      forget()
      sessionStorage.setItem(places.token, given)
      if (name !== undefined) sessionStorage.setItem(places.name, name)
      setNotice(null)
      setSignedIn({ ...kept(), here: true })
    }
  }), [api, here, name, notice, staleSince, token])

  return (
    <SessionContext value={state}>
      <QueryClientProvider client={cache}>{children}</QueryClientProvider>
    </SessionContext>
  )
}

export const useSessionState = (): SessionState => {
  const state = use(SessionContext)
  if (state === null) throw new Error("There is no SessionProvider around this")
  return state
}

/** Inside what only somebody who is signed in gets to see. */
export const useSession = (): Session => {
  const { session } = useSessionState()
  if (session === null) throw new Error("Nobody is signed in")
  return session
}
