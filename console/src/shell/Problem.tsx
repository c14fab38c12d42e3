import { Button } from "@mantine/core"
import { ApiError } from "../api.ts"

interface ProblemProps {
  readonly error: Error
  /** What could not be shown or done: `This agent`. */
  readonly what: string
  readonly onRetry?: () => void
}

const advice = (error: Error): string => {
  if (!(error instanceof ApiError)) return "Reload the page; if that does not help, the server's log may."
  switch (error.status) {
    case 0:
      return "Check that the server is up and that you are online. The page goes on trying."
    case 401:
      return "Sign in again."
    case 403:
      return "You may look, but not change this."
    case 404:
      return "It may be gone, or belong to an organisation that you are not a member of."
    case 409:
      return "Something else is under way. Wait for it to end, and try again."
    case 422:
      return "Mend what is named above, and try again."
    case 429:
      return "Wait a little, and try again."
    default:
      return error.status >= 500
        ? "The server has trouble. The page goes on trying; what it says is in the server's log, too."
        : "Try again."
  }
}

/** What went wrong, in the server's words, and what to do about it. */
export const Problem = ({ error, onRetry, what }: ProblemProps) => (
  <div role="alert" className="problem">
    <strong>{`${what}: that did not work`}</strong>
    <p>{error.message}</p>
    <p>{advice(error)}</p>
    {onRetry !== undefined && <Button size="compact-sm" variant="default" onClick={onRetry}>Try again</Button>}
  </div>
)

/** Whether it is not there for whoever asks: then nothing that was seen of it before is shown any longer. */
export const isGone = (error: Error | null): boolean => error instanceof ApiError && error.status === 404
