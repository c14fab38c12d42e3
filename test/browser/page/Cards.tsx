import { type ReactNode, useState } from "react"

export interface CardsProps {
  readonly apiUrl: string
  readonly assistant: string
  readonly headers: Record<string, string>
}

interface ShownCards {
  readonly cards: ReadonlyArray<ReactNode>
  readonly onShow: (title: string) => void
}

/** What one asks for cards by, and the cards. */
export const Cards = ({ cards, onShow }: ShownCards) => {
  const [title, setTitle] = useState("")
  return (
    <>
      <section aria-label="Cards">{cards}</section>
      <label>
        Title <input value={title} onChange={(event) => setTitle(event.target.value)} />
      </label>
      <button onClick={() => onShow(title)}>Show</button>
    </>
  )
}
