import { Button } from "@mantine/core"
import { Component, type ReactNode } from "react"

interface BoundaryProps {
  readonly children: ReactNode
}

/** What is left of a view that could not be loaded or drawn: words, and a way on. */
export class Boundary extends Component<BoundaryProps, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null }

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }

  override render() {
    const { error } = this.state
    if (error === null) return this.props.children
    return (
      <div role="alert" className="problem">
        <strong>This view can't be shown</strong>
        <p>{error.message}</p>
        <p>If the server has been updated since the page was opened, reloading it helps.</p>
        <Button size="compact-sm" variant="default" onClick={() => location.reload()}>Reload the page</Button>
      </div>
    )
  }
}
