/** The vendor's accent colour as the pages' custom property; the style sheets keep the contrast. The value was checked with the options. */
export function themeCss(accentColor: string | undefined): string {
  return accentColor === undefined ? "" : `:root{--accent:${accentColor}}\n`;
}
