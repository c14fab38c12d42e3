import { useStream } from "langgraph-sdk-1/react"
import { isRemoveUIMessage, isUIMessage, LoadExternalComponent, uiMessageReducer } from "langgraph-sdk-1/react-ui"
import { Cards, type CardsProps } from "./Cards.tsx"

const shown = (ui: unknown) => Array.isArray(ui) ? ui.filter(isUIMessage) : []

/** Cards as 1.15.0's documentation has a page show them. */
export const NewerCards = ({ apiUrl, assistant, headers }: CardsProps) => {
  const stream = useStream({
    apiUrl,
    assistantId: assistant,
    defaultHeaders: headers,
    // Without it, a stream that is handed on throws as soon as React's own tools look at it.
    fetchStateHistory: true,
    onCustomEvent: (event, { mutate }) => {
      if (!isUIMessage(event) && !isRemoveUIMessage(event)) return
      mutate(({ ui }) => ({ ui: uiMessageReducer(shown(ui), event) }))
    }
  })
  const cards = shown(stream.values["ui"])
  return (
    <Cards
      cards={cards.map((card) => <LoadExternalComponent key={card.id} stream={stream} message={card} />)}
      onShow={(title) => void stream.submit({ title })}
    />
  )
}
