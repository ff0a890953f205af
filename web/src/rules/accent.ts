// The colours that one colour of the installation gives: text in it can be read in
// both schemes, whatever colour it is (WCAG 2.2, 1.4.3).

type RGB = [number, number, number];

const parse = (hex: string): RGB => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)) as RGB;
const hex = (c: RGB) => `#${c.map((v) => Math.round(v).toString(16).padStart(2, '0')).join('')}`;
const mix = (a: RGB, b: RGB, part: number): RGB => a.map((v, i) => v + ((b[i] ?? 0) - v) * part) as RGB;

function luminance(c: RGB): number {
  const [r, g, b] = c.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4)) as RGB;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a: string, b: string): number {
  const [x, y] = [luminance(parse(a)), luminance(parse(b))].sort((m, n) => n - m) as [number, number];
  return (x + 0.05) / (y + 0.05);
}

const black: RGB = [0, 0, 0];
const white: RGB = [255, 255, 255];
export const pages = { light: ['#ffffff', '#f4f6f7'], dark: ['#1c2225', '#14181a', '#232b2f'] } as const;

// readable moves a colour towards an end until it can be read on all of these.
function readable(colour: RGB, end: RGB, on: string[]): string {
  for (let part = 0; part < 1; part += 0.02) {
    const found = hex(mix(colour, end, part));
    if (on.every((o) => contrast(found, o) >= 4.6)) return found;
  }
  return hex(end);
}

export interface Accent {
  light: string;
  lightSoft: string;
  dark: string;
  darkSoft: string;
  // shades are from light to dark; buttons have the eighth, with white text on it.
  shades: string[];
}

export function accentOf(colour: string): Accent {
  const c = parse(colour);
  const lightSoft = hex(mix(white, c, 0.1));
  const darkSoft = hex(mix(parse(pages.dark[0]), c, 0.15));
  const button = parse(readable(c, black, ['#ffffff']));
  return {
    light: readable(c, black, [...pages.light, lightSoft]),
    lightSoft,
    dark: readable(c, white, [...pages.dark, darkSoft]),
    darkSoft,
    shades: [0.9, 0.8, 0.62, 0.45, 0.32, 0.2, 0.1, 0].map((part) => hex(mix(button, white, part))).concat([hex(mix(button, black, 0.15)), hex(mix(button, black, 0.3))]),
  };
}
