import { Button } from "@mantine/core"

interface PagingProps {
  readonly total: number
  readonly offset: number
  readonly size: number
  readonly onOffset: (offset: number) => void
}

/** Nothing, where everything is on one page. */
export const Paging = ({ offset, onOffset, size, total }: PagingProps) => {
  if (total <= size && offset === 0) return null
  return (
    <nav className="paging" aria-label="Pages">
      <Button
        size="compact-sm"
        variant="default"
        disabled={offset === 0}
        onClick={() => onOffset(Math.max(0, offset - size))}
      >
        Previous
      </Button>
      <span>{`${Math.min(offset + 1, total)}–${Math.min(offset + size, total)} of ${total}`}</span>
      <Button
        size="compact-sm"
        variant="default"
        disabled={offset + size >= total}
        onClick={() => onOffset(offset + size)}
      >
        Next
      </Button>
    </nav>
  )
}
