import { useState } from "react"

export const SignIn = ({ onToken }: { readonly onToken: (token: string) => void }) => {
  const [token, setToken] = useState("")
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        onToken(token)
      }}
    >
      <label>
        Token <input value={token} onChange={(event) => setToken(event.target.value)} />
      </label>
      <button>Sign in</button>
    </form>
  )
}
