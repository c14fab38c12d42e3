import { Button, VisuallyHidden } from "@mantine/core"

interface DryRunButtonProps {
  readonly name: string
  readonly dryRun: { readonly mutate: () => void; readonly isPending: boolean; readonly error: Error | null }
}

export const DryRunButton = ({ dryRun, name }: DryRunButtonProps) => (
  <>
    <Button size="compact-sm" variant="default" loading={dryRun.isPending} onClick={() => dryRun.mutate()}>
      Dry run<VisuallyHidden>of {name}</VisuallyHidden>
    </Button>
    {dryRun.error !== null && <p role="alert" className="say-broken">{dryRun.error.message}</p>}
  </>
)
