import { type ReactNode, useEffect, useRef } from "react"
import { useLocation } from "react-router"
import { useSession } from "../session/Session.tsx"

interface PageProps {
  readonly title: string
  /** Beside the title. */
  readonly aside?: ReactNode
  readonly above?: ReactNode
  readonly children: ReactNode
}

/** A view. Whoever comes from another one is put before its heading, as a new document would. */
export const Page = ({ above, aside, children, title }: PageProps) => {
  const heading = useRef<HTMLHeadingElement>(null)
  const { key } = useLocation()
  const { signedInHere } = useSession()
  const arrived = signedInHere || key !== "default"
  useEffect(() => {
    if (arrived) heading.current?.focus({ preventScroll: true })
    if (arrived) window.scrollTo(0, 0)
    // Once a view: what changes in the address while it is looked at moves nothing.
  }, [])
  return (
    <>
      <title>{`${title} · Throughline`}</title>
      {above}
      <header className="page-head">
        <h1 ref={heading} tabIndex={-1}>{title}</h1>
        {aside}
      </header>
      {children}
    </>
  )
}
