/** The vendor's accent colour as the wizard's custom property. The value was checked with the options. */
export function themeCss(accentColor: string | undefined): string {
  return accentColor === undefined ? "" : `:root{--accent:${accentColor};--accent-text:${readableOn(accentColor)}}\n`;
}

/** Black or white, whichever stands out more on the colour (WCAG 2.2, relative luminance and contrast ratio). */
export function readableOn(hex: string): "#000" | "#fff" {
  const luminance = relativeLuminance(hex);
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? "#fff" : "#000";
}

function relativeLuminance(hex: string): number {
  const full = hex.length === 4 ? hex.replace(/[0-9a-f]/gi, "$&$&") : hex;
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => linear(parseInt(full.slice(at, at + 2), 16) / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function linear(channel: number): number {
  return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
}
