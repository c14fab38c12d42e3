import { createTheme, type CSSVariablesResolver } from "@mantine/core"

/** Deep sea: dark enough at 7 for white text on it, light enough at 3 for text on the dark page. */
const sea = [
  "#e8f5f5",
  "#cfe8e8",
  "#9fd2d2",
  "#74c2c1",
  "#3fa3a3",
  "#1c8485",
  "#0f6e70",
  "#0b5f63",
  "#084d51",
  "#053b3e"
] as const

/** Mantine's dark greys, a little towards blue. */
const dark = [
  "#d5dcdf",
  "#b4bfc4",
  "#94a1a8",
  "#5f6c73",
  "#333e44",
  "#29343a",
  "#1b2327",
  "#13191c",
  "#0e1315",
  "#090d0f"
] as const

export const theme = createTheme({
  colors: { sea, dark },
  primaryColor: "sea",
  primaryShade: { light: 7, dark: 7 },
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace",
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  headings: { fontWeight: "620", sizes: { h1: { fontSize: "1.5rem" }, h2: { fontSize: "1.0625rem" } } }
})

/** What the console calls its colours. Mantine's own dimmed and placeholder greys are too pale to be read by everybody. */
export const colours: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#f5f7f7",
    "--mantine-color-text": "#172024",
    "--mantine-color-dimmed": "#535f66",
    "--mantine-color-placeholder": "#646f76",
    "--mantine-color-anchor": "#0b5f63",
    "--mantine-color-error": "#b3261e",
    "--surface": "#ffffff",
    "--sunken": "#eef2f2",
    "--line": "#dce3e4",
    "--ok": "#17704a",
    "--ok-soft": "#e2f3ea",
    "--warning": "#825300",
    "--warning-soft": "#fdf1d8",
    "--broken": "#b3261e",
    "--broken-soft": "#fce9e7",
    "--skipped": "#616d74",
    "--skipped-soft": "#eef2f2",
    "--accent": "#0b5f63",
    "--accent-soft": "#e0f0f0",
    "--queue": "#7c8a91",
    "--configuration": "#6f5bb5",
    "--tools": "#b06f00",
    "--model": "#0f7f83",
    "--tool": "#c2683a",
    "--checkpoints": "#4d6fae"
  },
  dark: {
    "--mantine-color-body": "#13191c",
    "--mantine-color-text": "#dfe6e8",
    "--mantine-color-dimmed": "#a2afb5",
    "--mantine-color-placeholder": "#94a1a8",
    "--mantine-color-anchor": "#74c2c1",
    "--mantine-color-error": "#ff9a92",
    "--surface": "#1b2327",
    "--sunken": "#171e21",
    "--line": "#303b41",
    "--ok": "#69d3a0",
    "--ok-soft": "#173328",
    "--warning": "#f2c063",
    "--warning-soft": "#3a2d12",
    "--broken": "#ff9a92",
    "--broken-soft": "#431f1d",
    "--skipped": "#98a5ac",
    "--skipped-soft": "#252f34",
    "--accent": "#74c2c1",
    "--accent-soft": "#12393b",
    "--queue": "#8796a0",
    "--configuration": "#a795ea",
    "--tools": "#e0a84a",
    "--model": "#46b5b3",
    "--tool": "#e6946a",
    "--checkpoints": "#86a8e6"
  }
})
