import "@mantine/core/styles/baseline.css"
import "@mantine/core/styles/default-css-variables.css"
import "@mantine/core/styles/global.css"
import "@mantine/core/styles/UnstyledButton.css"
import "@mantine/core/styles/Button.css"
import "@mantine/core/styles/Loader.css"
import "@mantine/core/styles/Input.css"
import "@mantine/core/styles/ActionIcon.css"
import "@mantine/core/styles/PasswordInput.css"
import "@mantine/core/styles/Skeleton.css"
import "@mantine/core/styles/VisuallyHidden.css"
import "./console.css"
import { MantineProvider } from "@mantine/core"
import { createRoot } from "react-dom/client"
import { BrowserRouter } from "react-router"
import { App } from "./App.tsx"
import { reloadOnUpdate } from "./reload.ts"
import { SessionProvider } from "./session/Session.tsx"
import { colours, theme } from "./theme.ts"

reloadOnUpdate()

const root = document.querySelector("#console")
if (root !== null) {
  createRoot(root).render(
    <MantineProvider theme={theme} cssVariablesResolver={colours} defaultColorScheme="auto">
      <BrowserRouter basename="/console">
        <SessionProvider>
          <App />
        </SessionProvider>
      </BrowserRouter>
    </MantineProvider>
  )
}
