const today = (date: Date) => date.toDateString() === new Date().toDateString()

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" })
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" })

export const momentText = (at: string): string => {
  const date = new Date(at)
  return today(date) ? time.format(date) : day.format(date)
}

/** In the reader's own zone and manner; exactly, for who points at it. */
export const Moment = ({ at }: { readonly at: string }) => <time dateTime={at} title={at}>{momentText(at)}</time>
