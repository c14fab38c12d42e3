import { type ReactNode, useId } from "react"

interface SectionProps {
  readonly title: string
  /** To be linked to. */
  readonly id?: string
  readonly note?: ReactNode
  readonly children: ReactNode
}

export const Section = ({ children, id, note, title }: SectionProps) => {
  const heading = useId()
  return (
    <section className="panel" id={id} aria-labelledby={heading}>
      <header className="panel-head">
        <h2 id={heading}>{title}</h2>
        {note !== undefined && <span className="note">{note}</span>}
      </header>
      {children}
    </section>
  )
}
