declare module "jsdom" {
  /** What the tests want of it; it brings no types of its own. */
  export class JSDOM {
    constructor(html: string, options: { readonly url: string })
    readonly window: Window
  }
}
