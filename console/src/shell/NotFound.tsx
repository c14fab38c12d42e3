import { Link } from "react-router"
import { Page } from "./Page.tsx"

export const NotFound = () => (
  <Page title="There is nothing here">
    <p>
      The address leads nowhere. <Link to="/">To the agents</Link>
    </p>
  </Page>
)
