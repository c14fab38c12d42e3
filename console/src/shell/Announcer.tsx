import { VisuallyHidden } from "@mantine/core"
import { createContext, type ReactNode, use, useState } from "react"

const AnnounceContext = createContext<(words: string) => void>(() => undefined)

/** What changes by itself is told to those who can't see it change. */
export const Announcer = ({ children }: { readonly children: ReactNode }) => {
  const [words, setWords] = useState("")
  return (
    <AnnounceContext value={setWords}>
      {children}
      <VisuallyHidden role="status" aria-live="polite">{words}</VisuallyHidden>
    </AnnounceContext>
  )
}

export const useAnnounce = () => use(AnnounceContext)
