/** When the page was last loaded anew by itself, in this tab. */
const place = "throughline.reloaded"

/** So soon a second time, it would not help either. */
const longEnough = 30_000

/**
 * A server that has been updated no longer has the parts of an older page. That is loaded anew, once: who is signed in, and
 * the address, stay. If it does not help, the view says so.
 */
export const reloadOnUpdate = (): void =>
  window.addEventListener("vite:preloadError", (event) => {
    const last = Number(sessionStorage.getItem(place) ?? 0)
    if (Date.now() - last < longEnough) return
    event.preventDefault()
    sessionStorage.setItem(place, String(Date.now()))
    location.reload()
  })
