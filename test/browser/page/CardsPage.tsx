import { lazy, Suspense, useMemo } from "react"

interface CardsPageProps {
  readonly apiUrl: string
  readonly assistant: string
  readonly token: string
  /** Whose `LoadExternalComponent`: 2.0.0's, or that of 1.15.0. */
  readonly sdk: string | null
}

// Each makes its own what components share with the page, as soon as it is loaded: a page has one of them.
const OlderCards = lazy(async () => ({ default: (await import("./OlderCards.tsx")).OlderCards }))
const NewerCards = lazy(async () => ({ default: (await import("./NewerCards.tsx")).NewerCards }))

/** A page that shows what a graph pushes into it. */
export const CardsPage = ({ sdk, token, ...props }: CardsPageProps) => {
  const headers = useMemo(() => ({ authorization: `Bearer ${token}` }), [token])
  const Cards = sdk === "1.15.0" ? NewerCards : OlderCards
  return (
    <Suspense>
      <Cards {...props} headers={headers} />
    </Suspense>
  )
}
