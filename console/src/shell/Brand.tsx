export const Brand = () => (
  <span className="brand">
    <svg viewBox="0 0 44 16" width="44" height="16" aria-hidden="true">
      <path d="M0 8h44" stroke="currentColor" strokeWidth="2" />
      <circle cx="9" cy="8" r="4" fill="currentColor" />
      <circle cx="22" cy="8" r="4" fill="currentColor" />
      <circle cx="35" cy="8" r="4" fill="currentColor" />
    </svg>
    Throughline
  </span>
)
