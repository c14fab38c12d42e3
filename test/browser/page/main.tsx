import { useState } from "react"
import { createRoot } from "react-dom/client"
import { CardsPage } from "./CardsPage.tsx"
import { Chat } from "./Chat.tsx"
import { SignIn } from "./SignIn.tsx"

/** Where the API is, and whom to talk to, stands in the address, as chat pages have it; the token does not. */
const query = new URLSearchParams(location.search)

const App = () => {
  const [token, setToken] = useState(sessionStorage.getItem("token"))
  const [thread, setThread] = useState(query.get("thread"))
  if (token === null) {
    return (
      <SignIn
        onToken={(token) => {
          sessionStorage.setItem("token", token)
          setToken(token)
        }}
      />
    )
  }
  const whom = {
    apiUrl: query.get("api") ?? "",
    assistant: query.get("assistant") ?? "",
    sdk: query.get("sdk"),
    token
  }
  if (query.has("cards")) return <CardsPage {...whom} />
  return (
    <Chat
      {...whom}
      thread={thread}
      onThread={(thread) => {
        query.set("thread", thread)
        history.replaceState(null, "", `?${query}`)
        setThread(thread)
      }}
    />
  )
}

const main = document.querySelector("main")
if (main !== null) createRoot(main).render(<App />)
