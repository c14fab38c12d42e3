import type { Page } from "playwright-core"

/** A person before the chat page: sees what it shows, and does what it offers. */
export const personAt = (page: Page) => {
  const messages = page.getByRole("list", { name: "Messages" }).locator("span")
  return {
    page,
    signIn: async (address: string, token: string) => {
      await page.goto(address)
      await page.getByLabel("Token").fill(token)
      await page.getByRole("button", { name: "Sign in" }).click()
    },
    say: async (text: string) => {
      await page.getByLabel("Message", { exact: true }).fill(text)
      await page.getByRole("button", { name: "Send" }).click()
    },
    press: (button: string) => page.getByRole("button", { name: button }).first().click(),
    /** Waits until a message says this, and nothing else. */
    sees: (message: string) => messages.getByText(message, { exact: true }).waitFor(),
    /** Waits until there is one that begins so. */
    seesSome: (message: string) => messages.getByText(message).first().waitFor(),
    seesTool: (call: string) => page.getByRole("list", { name: "Tools" }).getByText(call).waitFor(),
    isTold: (status: "answering" | "ready") => page.getByRole("status").getByText(status).waitFor(),
    isWarned: (words: string) => page.getByRole("alert").getByText(words).waitFor(),
    conversation: () => messages.allTextContents()
  }
}

export type Person = ReturnType<typeof personAt>
