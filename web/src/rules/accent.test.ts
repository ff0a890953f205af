import { expect, test } from 'vitest';
import { accentOf, contrast, pages } from './accent';

test('accent: whatever the colour, text in it can be read', () => {
  for (let r = 0; r <= 255; r += 51)
    for (let g = 0; g <= 255; g += 51)
      for (let b = 0; b <= 255; b += 51) {
        const colour = `#${[r, g, b].map((v) => v.toString(16).padStart(2, '0')).join('')}`;
        const a = accentOf(colour);
        for (const on of [...pages.light, a.lightSoft]) expect(contrast(a.light, on), `${colour} on ${on}`).toBeGreaterThanOrEqual(4.5);
        for (const on of [...pages.dark, a.darkSoft]) expect(contrast(a.dark, on), `${colour} on ${on}`).toBeGreaterThanOrEqual(4.5);
        expect(contrast(a.shades[7] ?? '', '#ffffff'), colour).toBeGreaterThanOrEqual(4.5);
        expect(a.shades).toHaveLength(10);
      }
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21);
});
