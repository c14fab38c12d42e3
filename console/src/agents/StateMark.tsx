import type { ReactNode } from "react"

export type Mark = "ok" | "warning" | "broken" | "skipped"

const shapes: Readonly<Record<Mark, ReactNode>> = {
  ok: <path d="M5.5 10.5l3 3 6-7" />,
  warning: <path d="M10 5v6M10 14.2v.3" />,
  broken: <path d="M6.5 6.5l7 7M13.5 6.5l-7 7" />,
  skipped: <path d="M6.5 10h7" />
}

/** A state by shape and colour; its words are for whoever shows it. */
export const StateMark = ({ state }: { readonly state: Mark }) => (
  <svg className={`mark mark-${state}`} viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
    <circle cx="10" cy="10" r="9" />
    <g fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round">
      {shapes[state]}
    </g>
  </svg>
)
